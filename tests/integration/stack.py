"""The shipped bundle, started by Compose under a project of the test's own."""

import json
import os
import shlex
import subprocess
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx
import psycopg
from testcontainers.compose import DockerCompose

from tests.bundle import Bundle

ROOT = Path(__file__).resolve().parents[2]
GUIDE = ROOT / "docs" / "CELERY_DEPLOYMENT_GUIDE.md"

# One process for all: to start Python and import Celery for each would be the machine's main load.
_PUBLISHER = """
import json, sys
from kombu.exceptions import OperationalError
from app.infrastructure.celery import app

def send(task, queue, kwargs, tries=3):
    try:
        return app.send_task(task, queue=queue, kwargs=kwargs, retry=False).id
    except OperationalError:
        if tries == 1:
            raise
        return send(task, queue, kwargs, tries - 1)

for line in sys.stdin:
    try:
        answer = [send(*run) for run in json.loads(line)]
    except OperationalError as error:
        answer = str(error)
    print(json.dumps(answer), flush=True)
"""


class Stack(AbstractContextManager["Stack"], Bundle):
    """One running bundle: its API, its simulator, its database and its containers."""

    def __init__(self, profile: str, project: str | None = None) -> None:
        self.project = project or f"fiscal-test-{profile}"
        self.profile = profile
        # testcontainers takes no project name and no ports: Compose reads them here.
        self.environment = {
            "COMPOSE_PROJECT_NAME": self.project,
            "API_PORT": "0",
            "FLOWER_PORT": "0",
            "METRICS_PORT": "0",
            "PROMETHEUS_PORT": "0",
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
        for client in ("api", "simulator", "database"):
            if client in vars(self):  # opened on first use
                vars(self).pop(client).close()
        if "publisher" in vars(self):
            vars(self).pop("publisher").communicate()
        self.docker("compose", "--profile", "*", "down", "--volumes", "--timeout", "5")

    def docker(self, *arguments: str, stdin: str | None = None) -> str:
        """Runs a docker command for this project; returns what it printed."""
        return self.run("docker", *arguments, stdin=stdin)

    def type(self, line: str) -> str:
        """Runs a line of the guide as it stands there; returns what it printed."""
        assert f"`{line}`" in GUIDE.read_text(encoding="utf-8"), f"the guide does not say: {line}"
        return self.run(*shlex.split(line))

    def run(self, *command: str, stdin: str | None = None, check: bool = True) -> str:
        """Runs a command for this project; returns its output, its errors where it may fail."""
        done = subprocess.run(
            command,
            env=os.environ | self.environment,
            cwd=ROOT,
            input=stdin,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0 or not check, f"{' '.join(command)}: {done.stderr[-2000:]}"
        return done.stdout if check else done.stderr

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

    def publish(self, *runs: tuple[str, str, dict[str, Any]]) -> list[str]:
        """Publishes (task, queue, kwargs); returns the run ids."""
        if "publisher" in vars(self) and self.publisher.poll() is not None:
            vars(self).pop("publisher")  # the API's container has gone, and it with it
        source = self.publisher
        assert source.stdin is not None
        assert source.stdout is not None
        print(json.dumps(runs), file=source.stdin, flush=True)
        answer = json.loads(source.stdout.readline() or '"the API has gone"')
        assert isinstance(answer, list), f"Redis takes no message: {answer}"
        return answer

    @cached_property
    def publisher(self) -> "subprocess.Popen[str]":
        """A process in the API's container that publishes what it reads."""
        return self.begin("api", "python", "-c", _PUBLISHER)

    def query(self, sql: str) -> list[dict[str, Any]]:
        """Returns the rows of a SELECT, over a connection that is kept."""
        wrapped = f"SELECT coalesce(json_agg(found), '[]') FROM ({sql}) AS found"
        try:
            [row] = self.database.execute(wrapped.encode()).fetchall()
        except psycopg.OperationalError as error:
            vars(self).pop("database", None)
            raise AssertionError(f"Postgres does not answer: {error}") from error
        return list(row[0])

    @cached_property
    def database(self) -> "psycopg.Connection[Any]":
        """The bundle's Postgres by its container's own address: Compose publishes no port of it."""
        url = self.execute("api", "cat", "/run/fiscal/secrets/postgres/database_url").strip()
        container = self.docker("compose", "ps", "--quiet", "postgres").strip()
        shown = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
        address = self.docker("inspect", "--format", shown, container).strip()
        return psycopg.connect(
            url.replace("@postgres", f"@{address}"),
            autocommit=True,
            connect_timeout=3,
            keepalives_idle=2,  # a container that is killed may not close its connections
            keepalives_interval=1,
            keepalives_count=3,
        )

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
