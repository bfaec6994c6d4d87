"""Railway on this machine's Docker, as far as its documents say what it does to a service.

It starts the command of a service's file in exec form in place of the image's entrypoint
(docs.railway.com/deployments/start-command), gives it no other variables than the README names,
and lets it reach the others by <service>.railway.internal.
"""

import json
import re
import shlex
import subprocess
from dataclasses import dataclass
from typing import Any

from tests.conftest import ROOT
from tests.railway.engine import docker
from tests.railway.networks import Network
from tests.railway.stores import Stores

FILES = ROOT / "deploy" / "railway"
SHM = str(64 * 1024**2)  # what a container has unless RAILWAY_SHM_SIZE_BYTES says more


@dataclass(frozen=True)
class Container:
    """A running container of a service."""

    name: str
    draining_seconds: int

    def execute(self, *words: str) -> str:
        """Runs a command in the container; returns what it printed."""
        return docker("exec", self.name, *words)

    def log(self) -> str:
        """Returns both of its streams."""
        done = subprocess.run(["docker", "logs", self.name], capture_output=True, text=True)
        return done.stdout + done.stderr

    def stop(self) -> int:
        """Sends SIGTERM; returns the exit code, which has to come within drainingSeconds."""
        docker("kill", "--signal", "TERM", self.name)
        return int(docker("wait", self.name, timeout=self.draining_seconds))

    def url(self, port: str) -> str:
        """Returns the address on this machine that leads to a port."""
        return "http://" + docker("port", self.name, port)


class Project:
    """One project: a network with its stores, and services started by their files."""

    def __init__(
        self, network: Network, images: dict[str, str], stores: Stores, values: dict[str, str]
    ) -> None:
        self.network = network
        self.images = images  # by Dockerfile
        self.stores = stores
        self.values = values  # by variable; the README's others are set, but empty
        self.started = 0

    def migrate(self, keep_entrypoint: bool = False) -> str:
        """Runs api's pre-deploy command in a container of its own; returns what it printed."""
        (command,) = config("api")["deploy"]["preDeployCommand"]
        container = self._run("api", "pre-deploy", command, keep_entrypoint)
        assert docker("wait", container.name) == "0", container.log()
        return container.log()

    def start(self, service: str, **more: str) -> Container:
        """Starts a service; `more` variables are the test's own."""
        return self._run(service, service, config(service)["deploy"]["startCommand"], **more)

    def _run(
        self, service: str, host: str, command: str, keep_entrypoint: bool = False, **more: str
    ) -> Container:
        self.started += 1
        file = config(service)
        env = {name: self.values.get(name, "") for name in documented_variables(service)} | more
        limits = ["--shm-size", env.pop("RAILWAY_SHM_SIZE_BYTES", SHM)]
        limits += ["--memory", str(file["deploy"]["limitOverride"]["containers"]["memoryBytes"])]
        told = [f"--env={name}={value}" for name, value in env.items()]
        told += self.network.published(env["PORT"]) if "PORT" in env else []
        program, *arguments = shlex.split(command)
        image = self.images[file["build"]["dockerfilePath"]]
        start = [image, program] if keep_entrypoint else ["--entrypoint", program, image]
        words = [*limits, *told, *start, *arguments]
        name = self.network.run(f"{host}-{self.started}", host, *words)
        return Container(name, file["deploy"]["drainingSeconds"])


def config(service: str) -> dict[str, Any]:
    """Returns the file of a service."""
    return dict(json.loads((FILES / f"railway.{service}.json").read_text()))


def documented_variables(service: str) -> list[str]:
    """Returns the variables that deploy/railway/README.md tells a user to set for a service."""
    rows = re.findall(r"^\| (`.*`) \| (`.*`) \|$", (FILES / "README.md").read_text(), re.M)
    (found,) = [names for services, names in rows if f"`{service}`" in services]
    return re.findall(r"`(\w+)`", found)
