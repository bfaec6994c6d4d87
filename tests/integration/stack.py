"""The shipped bundle, started by Compose under a project of the test's own."""

import json
import os
import subprocess
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx
from testcontainers.compose import DockerCompose

from tests.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]

PUBLISH = """
import json, sys
from app.infrastructure.celery import app
for task, queue, kwargs in json.load(sys.stdin):
    print(app.send_task(task, queue=queue, kwargs=kwargs).id)
"""


class Stack(AbstractContextManager["Stack"]):
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

    def execute(self, service: str, *command: str, stdin: str | None = None) -> str:
        """Runs a command in a service's container."""
        return self.docker("compose", "exec", "-T", service, *command, stdin=stdin)

    def url(self, service: str, port: int) -> str:
        """Returns the address that Compose published for a service."""
        address = self.docker("compose", "port", service, str(port)).strip()
        return f"http://{address}"

    @cached_property
    def api(self) -> httpx.Client:
        """The API, with the key that the `secrets` service wrote."""
        key = self.execute("api", "cat", "/run/fiscal/secrets/api/api_keys").strip().split(",")[0]
        return httpx.Client(base_url=self.url("api", 8000), headers={"X-API-Key": key}, timeout=15)

    @cached_property
    def simulator(self) -> httpx.Client:
        """The simulator's admin pages."""
        return httpx.Client(base_url=self.url("simulator", 8080) + "/__sim__/", timeout=30)

    def query(self, sql: str) -> list[dict[str, Any]]:
        """Returns the rows of a SELECT."""
        wrapped = f"SELECT coalesce(json_agg(found), '[]') FROM ({sql}) AS found"
        printed = self.execute(
            "postgres", "psql", "-U", "fiscal", "-d", "fiscal", "-Atq", "-c", wrapped
        )
        return list(json.loads(printed))

    def change(self, sql: str) -> None:
        """Runs a statement that returns nothing."""
        self.execute("postgres", "psql", "-U", "fiscal", "-d", "fiscal", "-q", stdin=sql)

    def publish(self, *runs: tuple[str, str, dict[str, Any]]) -> list[str]:
        """Publishes (task, queue, kwargs); returns the run ids."""
        printed = self.execute("api", "python", "-c", PUBLISH, stdin=json.dumps(runs))
        return printed.split()

    def runs(self, ids: list[str]) -> list[dict[str, Any]]:
        """Returns the ledger's rows of the given runs."""
        listed = ",".join(f"'{run_id}'" for run_id in ids)
        return self.query(f"SELECT * FROM runs WHERE id IN ({listed})")

    def wait_for_runs(self, ids: list[str], timeout: float = 120) -> list[dict[str, Any]]:
        """Waits until every given run has ended; returns their rows."""

        def ended() -> bool:
            rows = self.runs(ids)
            return len(rows) == len(ids) and all(row["finished_at"] for row in rows)

        wait_until(ended, timeout=timeout, what=f"the end of {len(ids)} runs")
        return self.runs(ids)

    def depth(self, queue: str) -> int:
        """Returns how many messages wait in a queue."""
        command = (
            "REDISCLI_AUTH=$(cat /run/fiscal/secrets/redis/redis_password)"
            f" redis-cli --raw llen {queue}"
        )
        return int(self.execute("redis", "sh", "-c", command))

    def seed_companies(self) -> dict[str, dict[str, Any]]:
        """Creates the simulator's companies that are missing; returns all of them by RUT."""
        known = {row["rut"]: row["id"] for row in self.query("SELECT rut, id FROM companies")}
        companies = {}
        for company in self.simulator.get("companies").json():
            companies[company["rut"]] = company
            if company["rut"] in known:
                company["id"] = known[company["rut"]]
                continue
            made = self.api.post(
                "/companies",
                json={"rut": company["rut"], "business_name": company["razon_social"]},
            )
            assert made.status_code == 201, made.text
            company["id"] = made.json()["id"]
            credential = {"login_rut": company["login_rut"], "clave": company["clave"]}
            put = self.api.put(f"/companies/{company['id']}/credential", json=credential)
            assert put.is_success, put.text
        return companies

    def start_sync(self, company_id: str, months: int = 1) -> str:
        """Asks the API for a sync; returns the run id."""
        started = self.api.post(f"/companies/{company_id}/syncs", json={"months": months})
        assert started.status_code == 202, started.text
        return str(started.json()["id"])
