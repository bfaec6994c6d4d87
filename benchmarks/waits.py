"""How long `high` waits while everything else is full: `python -m benchmarks.waits TOPOLOGY KIND`.

Runs inside a container of the selenium image, with the workers of one topology as processes. KIND
is `ours` or `stock`: the same queues and slots on plain Celery, without a limit per queue. Prints
p50, p95 and p99 in ms, first idle, then with `default` and `low` full of runs that wait, then with
`default` full of runs that burn their core.
"""

import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import redis

from app.infrastructure.celery.topology import TOPOLOGIES, Worker
from benchmarks.kinds import forget

SAMPLES = 500
LONGEST = 75.0  # s per series: plain Celery would need hours for as many
PATIENCE = 90.0


@contextmanager
def workers(topology: str, kind: str) -> Iterator[None]:
    """Starts every worker of a topology and kills them at the end."""
    with ExitStack() as running:
        for worker in TOPOLOGIES[topology]:
            app = "benchmarks.held" if kind == "ours" else "benchmarks.baseline"
            command = [
                *("celery", "-A", app, "worker", "-Q", ",".join(worker.queues)),
                *("-n", f"{worker.name}@bench", f"--concurrency={worker.concurrency}"),
                *("--loglevel=warning", "--without-gossip", "--without-mingle"),
            ]
            process = subprocess.Popen(command, env=_environment(worker))
            running.callback(process.wait)
            running.callback(process.kill)
        yield


def _environment(worker: Worker) -> dict[str, str]:
    slots = ",".join(f"{queue}:{most}" for queue, most in worker.slots.items())
    return os.environ | {
        "CELERY_QUEUE_SLOTS": slots,
        "SECRET_KEYS": secrets.token_urlsafe(32) + "=",
    }


class Tasks:
    """The two tasks as either side's programs publish them."""

    def __init__(self, kind: str) -> None:
        if kind == "ours":
            from benchmarks.held import app
        else:
            from benchmarks.baseline import app
        self.app: Any = app

    def one_wait(self) -> float:
        """Returns the seconds that one `high` run waited."""
        result = self.app.tasks["bench.wait"].apply_async(args=[time.time()], queue="high")
        deadline = time.monotonic() + PATIENCE
        while not result.ready():
            if time.monotonic() > deadline:
                raise SystemExit(f"a run of high waits for more than {PATIENCE} s")
            time.sleep(0.002)
        return float(result.result)

    def fill(self, number: int, queue: str, seconds: float, burn: bool = False) -> None:
        """Makes `number` runs wait in a queue that hold a slot for some seconds each."""
        for _ in range(number):
            self.app.tasks["bench.hold"].apply_async(args=[seconds, burn], queue=queue)


def series(tasks: Tasks) -> list[float]:
    """Returns the waits, in ms, of runs that are sent one by one."""
    began, waits = time.monotonic(), []
    while len(waits) < SAMPLES and time.monotonic() - began < LONGEST:
        waits.append(1000 * tasks.one_wait())
    return waits


def percentiles(waits: list[float]) -> dict[str, float]:
    """Returns p50, p95, p99 and the number of samples."""
    ordered = sorted(waits)
    named = {f"p{p}": ordered[min(len(ordered) * p // 100, len(ordered) - 1)] for p in (50, 95, 99)}
    return named | {"samples": len(ordered)}


def main(topology: str, kind: str) -> None:
    """Measures idle, full and burning, each with fresh workers, and prints them as JSON."""
    tasks, found = Tasks(kind), {}
    client = redis.Redis.from_url(os.environ["REDIS_URL"])
    if kind == "stock":
        tasks.app.backend.ResultSession().close()  # makes its tables
    for load in ("idle", "full", "burning"):
        forget()
        with workers(topology, kind):
            tasks.one_wait()  # they are up
            if load == "full":
                tasks.fill(200, "default", 5)
                tasks.fill(30, "low", 60)
            elif load == "burning":
                tasks.fill(200, "default", 5, burn=True)
            while load != "idle" and client.llen("default") > 198:
                time.sleep(0.05)
            found[load] = percentiles(series(tasks))
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
