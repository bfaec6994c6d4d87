"""Who works: by what the workers answer and by what the ledger says they did."""

import json

from app.infrastructure.celery.topology import TOPOLOGIES
from tests.bundle import Bundle
from tests.waiting import wait_until

_ASK = """
import json
from app.infrastructure.celery import app
queues = app.control.inspect(timeout=2).active_queues() or {}
print(json.dumps({node.split("@")[0]: [q["name"] for q in queues[node]] for node in queues}))
"""

Queues = dict[str, list[str]]  # by the name of the worker that consumes them


def consumers(bundle: Bundle) -> Queues:
    """Returns the workers that answer."""
    return dict(json.loads(bundle.execute("api", "python", "-c", _ASK)))


def declared(topology: str) -> Queues:
    """Returns what `consumers` must return where a topology runs."""
    return {worker.name: list(worker.queues) for worker in TOPOLOGIES[topology]}


def wait_for_consumers(bundle: Bundle, expected: Queues) -> None:
    """Waits until exactly the expected workers answer, each with its queues in order."""
    wait_until(lambda: consumers(bundle) == expected, timeout=120, what=f"just {expected}", every=1)


def probe(bundle: Bundle, *queues: str) -> set[str]:
    """Sends one run through each queue; returns the names of the workers that took them."""
    runs = bundle.publish(*[("system.probe", queue, {}) for queue in queues])
    bundle.wait_for_runs(runs, timeout=60)
    return done_by(bundle, runs)


def fiscal_probe(bundle: Bundle, *expected: str) -> None:
    """Asks as the guide does; fails unless each queue's worker is the one named in `expected`."""
    bundle.execute("api", "fiscal", "probe", *expected)


def done_by(bundle: Bundle, runs: list[str]) -> set[str]:
    """Returns the names of the workers that took the runs."""
    return {row["worker"].split("@")[0] for row in bundle.runs(runs)}


def database_time(bundle: Bundle) -> str:
    """Returns the database's clock, to ask later what happened since."""
    return str(bundle.query("SELECT clock_timestamp() AS now")[0]["now"])


def assert_own_queues_only(bundle: Bundle, topology: str, since: str) -> None:
    """Every run taken since then was taken by a worker of the topology, from its own queue."""
    queues = declared(topology)
    rows = bundle.query(f"SELECT DISTINCT worker, queue FROM runs WHERE started_at > '{since}'")
    assert rows
    for row in rows:
        assert row["queue"] in queues.get(row["worker"].split("@")[0], []), row
