"""A real image registry on this machine, and checkouts that a test may spoil."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.conftest import ROOT
from tests.missing import missing
from tests.ports import free_port
from tests.waiting import wait_until

NO_REGISTRY = (
    "The release was not tried: this machine has no docker-registry to push to. Install it, on"
    " Debian by `apt-get install docker-registry`, and start the tests again."
)
CONFIGURATION = """
version: 0.1
log: {{level: warn}}
storage: {{filesystem: {{rootdirectory: {home}}}, delete: {{enabled: true}}}}
http: {{addr: "{address}"}}
"""


@dataclass(frozen=True)
class Checkout:
    """A repository of its own whose only commit is this work tree."""

    path: Path

    def git(self, *arguments: str) -> None:
        """Runs a git command as somebody."""
        somebody = ["-c", "user.name=Somebody", "-c", "user.email=somebody@empresa.example"]
        subprocess.run(["git", *somebody, *arguments], cwd=self.path, check=True)

    def release(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs deploy/release.sh as `make release` does."""
        programs = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        return subprocess.run(
            ["deploy/release.sh", *arguments],
            cwd=self.path,
            env=os.environ | {"PATH": programs},
            capture_output=True,
            text=True,
        )


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A clean checkout of what this work tree holds, committed or not."""
    made = Checkout(tmp_path / "checkout")
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).exists():
            (made.path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, made.path / name, follow_symlinks=False)
    made.git("init", "--quiet")
    made.git("add", "--all")
    made.git("commit", "--quiet", "--message", "All of it")
    return made


@pytest.fixture(scope="package")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yields host:port of an empty registry; its images leave the engine with it."""
    program = shutil.which("docker-registry")
    if program is None:
        missing(NO_REGISTRY)
    home = tmp_path_factory.mktemp("registry")
    address = f"127.0.0.1:{free_port()}"
    configuration = home / "config.yml"
    configuration.write_text(CONFIGURATION.format(home=home / "images", address=address))
    with (home / "log").open("w") as log:
        server = subprocess.Popen([program, "serve", configuration], stdout=log, stderr=log)
    try:
        wait_until(lambda: answers(address), what="the registry answers")
        yield address
    finally:
        server.terminate()
        server.wait(timeout=10)
        forget_images(address)
        shutil.rmtree(home)  # half a gigabyte, and pytest would keep it


def answers(address: str) -> bool:
    try:
        return httpx.get(f"http://{address}/v2/").is_success
    except httpx.TransportError:
        return False


def forget_images(address: str) -> None:
    """Takes the registry's names from the engine; the images keep those that they had."""
    listed = subprocess.run(
        ["docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}}"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    names = [name for name in listed.split() if name.startswith(f"{address}/")]
    if names:
        # By force: the name may be the last of an image that another test's container runs.
        subprocess.run(["docker", "image", "rm", "--force", *names], check=True)
