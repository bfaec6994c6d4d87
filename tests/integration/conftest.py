"""Images of this checkout, and one running bundle per topology, until this folder is done."""

import subprocess
from collections.abc import Iterator

import pytest

from tests.integration.stack import ROOT, Stack


@pytest.fixture(scope="package")
def images() -> None:
    """Builds the images of this checkout; the cache makes that quick where nothing changed."""
    for command in (
        ["deploy/airgap/build.sh"],
        ["docker", "compose", "--profile", "*", "build", "--quiet"],
    ):
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, f"{command[0]}: {done.stdout[-2000:]}{done.stderr[-2000:]}"


@pytest.fixture(scope="package")
def two(images: None) -> Iterator[Stack]:
    """The two-worker layout, seeded with the simulator's companies."""
    with Stack("workers") as stack:
        yield stack


@pytest.fixture(scope="package")
def three(images: None) -> Iterator[Stack]:
    """The three-worker layout, seeded with the simulator's companies."""
    with Stack("three") as stack:
        yield stack
