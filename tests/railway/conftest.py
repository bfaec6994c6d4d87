"""Images built as Railway builds them, and a project on each kind of private network."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.conftest import ROOT, names_of_images
from tests.missing import missing
from tests.railway.engine import build, docker
from tests.railway.networks import IPv6Network, Network
from tests.railway.runner import Project
from tests.railway.stores import start_stores, values_for

TAG = "fiscal-railway-{}:test"


@pytest.fixture(scope="package")
def images() -> Iterator[dict[str, str]]:
    """Yields the images by the Dockerfile that the files name, and the simulator's."""
    if subprocess.run(["docker", "info"], capture_output=True).returncode:
        missing("No Docker engine answers: tests/railway ran nothing; `make up` installs one.")
    with names_of_images():
        bases = subprocess.run(["deploy/airgap/build.sh"], cwd=ROOT, capture_output=True, text=True)
    assert bases.returncode == 0, bases.stderr
    built = {
        "Dockerfile": build("Dockerfile", TAG.format("slim")),
        "Dockerfile.selenium": build("Dockerfile.selenium", TAG.format("selenium")),
        "simulator": build("Dockerfile", TAG.format("simulator"), target="simulator"),
    }
    yield built
    docker("rmi", *built.values())


@contextmanager
def own_project(network: Network, images: dict[str, str]) -> Iterator[Project]:
    """Yields a migrated project; removes all of it."""
    try:
        stores = start_stores(network)
        project = Project(network, images, stores, values_for(stores))
        project.migrate()
        yield project
    finally:
        network.remove()


@pytest.fixture(scope="package")
def project(images: dict[str, str]) -> Iterator[Project]:
    """Yields a project on an ordinary network."""
    with own_project(Network(), images) as made:
        yield made


@pytest.fixture(scope="package")
def ipv6_project(images: dict[str, str]) -> Iterator[Project]:
    """Yields a project whose private network is IPv6 only."""
    with own_project(IPv6Network(images["Dockerfile"]), images) as made:
        yield made
