"""The shipped bundle, started by Compose under a project of the test's own."""

import os
import subprocess
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path
from types import TracebackType

import httpx
from testcontainers.compose import DockerCompose

from tests.bundle import Bundle

ROOT = Path(__file__).resolve().parents[2]


class Stack(AbstractContextManager["Stack"], Bundle):
    """One running bundle: its API, its simulator, its database and its containers."""

    def __init__(self, profile: str) -> None:
        self.project = f"fiscal-test-{profile}"
        self.profile = profile
        # testcontainers takes no project name and no ports: Compose reads them here.
        self.environment = {
            "COMPOSE_PROJECT_NAME": self.project,
            "API_PORT": "0",
            "FLOWER_PORT": "0",
            "SIMULATOR_PORT": "0",
        }
        self.compose = DockerCompose(ROOT, profiles=[profile])

    def __enter__(self) -> "Stack":
        os.environ.update(self.environment)
        self.docker("compose", "--profile", "*", "down", "--volumes", "--timeout", "5")
        try:
            self.compose.start()
        except BaseException:
            print(self.docker("compose", "--profile", "*", "ps", "--all"))  # noqa: T201
            print(self.docker("compose", "--profile", "*", "logs", "--tail", "40"))  # noqa: T201
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for client in ("api", "simulator"):
            if client in vars(self):  # opened on first use
                vars(self).pop(client).close()
        self.docker("compose", "--profile", "*", "down", "--volumes", "--timeout", "5")

    def docker(self, *arguments: str, stdin: str | None = None) -> str:
        """Runs a docker command for this project; returns what it printed."""
        done = subprocess.run(
            ["docker", *arguments],
            env=os.environ | self.environment,
            cwd=ROOT,
            input=stdin,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"docker {' '.join(arguments)}: {done.stderr[-2000:]}"
        return done.stdout

    def execute(self, part: str, *command: str, stdin: str | None = None) -> str:
        """Runs a command in a service's container."""
        return self.docker("compose", "exec", "-T", part, *command, stdin=stdin)

    def begin(self, part: str, *command: str) -> subprocess.Popen[str]:
        """Begins a command in a service's container."""
        return subprocess.Popen(
            ["docker", "compose", "exec", "-T", part, *command],
            env=os.environ | self.environment,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self, *workers: str) -> None:
        """Starts workers of any profile."""
        self.docker("compose", "--profile", "*", "up", "--detach", "--wait", "--no-deps", *workers)

    def stop(self, *workers: str) -> None:
        """Stops workers; what they were doing goes back to its queue."""
        self.docker("compose", "--profile", "*", "stop", *workers)

    def url(self, service: str, port: int) -> str:
        """Returns the address that Compose published for a service."""
        address = self.docker("compose", "port", service, str(port)).strip()
        return f"http://{address}"

    @cached_property
    def api(self) -> httpx.Client:  # type: ignore[override]
        """The API, with the key that the `secrets` service wrote."""
        key = self.execute("api", "cat", "/run/fiscal/secrets/api/api_keys").strip().split(",")[0]
        return httpx.Client(base_url=self.url("api", 8000), headers={"X-API-Key": key}, timeout=15)

    @cached_property
    def simulator(self) -> httpx.Client:  # type: ignore[override]
        """The simulator's admin pages."""
        return httpx.Client(base_url=self.url("simulator", 8080) + "/__sim__/", timeout=30)
