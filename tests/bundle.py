"""A running bundle, whatever platform runs it: what tests ask of it and tell it to do."""

import json
import subprocess
from abc import ABC, abstractmethod
from typing import Any

import httpx

from tests.waiting import wait_until

PUBLISH = """
import json, sys
from app.infrastructure.celery import app
for task, queue, kwargs in json.load(sys.stdin):
    print(app.send_task(task, queue=queue, kwargs=kwargs).id)
"""

DEPTH = """
import sys
from app.infrastructure.celery import app
with app.connection_for_read() as connection:
    print(connection.default_channel.client.llen(sys.argv[1]))
"""


class Bundle(ABC):
    """Its API, its simulator, its database and its workers."""

    api: httpx.Client  # carries an API key
    simulator: httpx.Client  # the simulator's admin pages

    @abstractmethod
    def execute(self, part: str, *command: str, stdin: str | None = None) -> str:
        """Runs a command in a running part: api, postgres, a worker's name; returns its output."""

    @abstractmethod
    def begin(self, part: str, *command: str) -> subprocess.Popen[str]:
        """Begins a command in a running part; its standard input and output are pipes."""

    @abstractmethod
    def start(self, *workers: str) -> None:
        """Starts workers; returns when they are ready."""

    @abstractmethod
    def stop(self, *workers: str) -> None:
        """Stops workers as an operator does; returns when they are gone."""

    def query(self, sql: str) -> list[dict[str, Any]]:
        """Returns the rows of a SELECT."""
        wrapped = f"SELECT coalesce(json_agg(found), '[]') FROM ({sql}) AS found"
        return list(json.loads(self.psql("-Atc", wrapped)))

    def change(self, sql: str) -> None:
        """Runs statements that return nothing."""
        self.psql(stdin=sql)

    def psql(self, *arguments: str, stdin: str | None = None) -> str:
        """Runs psql where the database runs."""
        command = ("psql", "-U", "fiscal", "-d", "fiscal", "-q", "-v", "ON_ERROR_STOP=1")
        return self.execute("postgres", *command, *arguments, stdin=stdin)

    def publish(self, *runs: tuple[str, str, dict[str, Any]]) -> list[str]:
        """Publishes (task, queue, kwargs); returns the run ids."""
        printed = self.execute("api", "python", "-c", PUBLISH, stdin=json.dumps(runs))
        return printed.split()

    def runs(self, ids: list[str]) -> list[dict[str, Any]]:
        """Returns the ledger's rows of the given runs."""
        listed = ",".join(f"'{run_id}'" for run_id in ids)
        return self.query(f"SELECT * FROM runs WHERE id IN ({listed})")

    def have_ended(self, ids: list[str]) -> bool:
        """Returns whether every given run has ended."""
        rows = self.runs(ids)
        return len(rows) == len(ids) and all(row["finished_at"] for row in rows)

    def wait_for_runs(self, ids: list[str], timeout: float = 120) -> list[dict[str, Any]]:
        """Waits until every given run has ended; returns their rows."""
        what = f"the end of {len(ids)} runs"
        wait_until(lambda: self.have_ended(ids), timeout=timeout, what=what, every=0.5)
        return self.runs(ids)

    def depth(self, queue: str) -> int:
        """Returns how many messages wait in a queue."""
        return int(self.execute("api", "python", "-c", DEPTH, queue))

    def seed_companies(self) -> dict[str, dict[str, Any]]:
        """Stores the simulator's companies and logins that are missing, and starts nothing.

        Returns all of them by RUT.
        """
        self.execute("api", "fiscal", "seed")
        known = {row["rut"]: row["id"] for row in self.query("SELECT rut, id FROM companies")}
        companies = {one["rut"]: one for one in self.simulator.get("companies").json()}
        return {rut: one | {"id": known[rut]} for rut, one in companies.items()}

    def start_sync(self, company_id: str, months: int = 1) -> str:
        """Asks the API for a sync; returns the run id."""
        started = self.api.post(f"/companies/{company_id}/syncs", json={"months": months})
        assert started.status_code == 202, started.text
        return str(started.json()["id"])
