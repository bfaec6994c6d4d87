"""One cluster for this folder, with the images of this checkout."""

import subprocess
from collections.abc import Iterator

import pytest

from tests.kubernetes.cluster import ROOT, cluster


@pytest.fixture(scope="package", autouse=True)
def kubernetes() -> Iterator[None]:
    for command in (
        ["deploy/airgap/build.sh"],
        ["docker", "compose", "--profile", "*", "build", "--quiet"],
    ):
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, f"{command[0]}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    with cluster():
        yield
