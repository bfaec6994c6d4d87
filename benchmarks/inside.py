"""One measurement of one worker, inside a container: `python -m benchmarks.inside WHAT KIND`.

Prints one number on the last line of its output.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import redis

from benchmarks.kinds import (
    KINDS,
    NEVER_RECYCLE,
    WORKER_LOG,
    Kind,
    connect,
    forget,
    make_tables,
    publish,
    worker,
)

PATIENCE = 120  # s
WARM_UP_RUNS = 30
RUNS = 600
IDLE = 30  # s


def seconds_to_first_run(kind: Kind) -> float:
    """Returns seconds from starting the worker to the first finished run, already waiting."""
    publish(kind, 1)
    with connect() as connection:
        began = time.perf_counter()
        with worker(kind) as process:
            _await(connection, kind, 1, process)
            return time.perf_counter() - began


def runs_per_second(
    kind: Kind, runs: int = RUNS, once_warm: Callable[[], object] = lambda: None
) -> float:
    """Returns the rate at which a warm worker finishes no-op runs that appear all at once."""
    queues = redis.Redis.from_url(os.environ["REDIS_URL"])
    publish(kind, runs)
    queues.rename("default", "staged")  # the worker must not see them before the clock starts
    publish(kind, WARM_UP_RUNS)
    with connect() as connection, worker(kind, NEVER_RECYCLE) as process:
        _await(connection, kind, WARM_UP_RUNS, process)
        once_warm()
        began = time.perf_counter()
        queues.rename("staged", "default")
        while queues.llen("default"):
            time.sleep(0.005)
        _await(connection, kind, WARM_UP_RUNS + runs, process)
        return runs / (time.perf_counter() - began)


def feed(kind: Kind) -> float:
    """Gives the worker of another container its warm-up runs and waits for their end."""
    publish(kind, WARM_UP_RUNS)
    with connect() as connection:
        _await(connection, kind, WARM_UP_RUNS)
    return WARM_UP_RUNS


def _await(
    connection: psycopg.Connection,
    kind: Kind,
    number: int,
    process: subprocess.Popen[bytes] | None = None,
) -> None:
    deadline = time.monotonic() + PATIENCE
    while (connection.execute(kind.count_finished).fetchone() or (0,))[0] < number:
        if time.monotonic() > deadline or (process and process.poll() is not None):
            sys.stderr.write(WORKER_LOG.read_text()[-3000:] if process else "")
            raise SystemExit(f"the worker did not finish {number} runs in {PATIENCE} s")
        time.sleep(0.002)


def main(what: str, kind: Kind) -> None:
    """Empties the queues and tables of both, measures, prints the number."""
    make_tables(kind)
    forget(kind.forget_all)
    print(MEASURES[what](kind))


def idle_cpu(kind: Kind) -> float:
    """Returns the CPU seconds that an idle worker and its pool use in IDLE seconds."""
    publish(kind, WARM_UP_RUNS)
    with connect() as connection, worker(kind, NEVER_RECYCLE) as process:
        _await(connection, kind, WARM_UP_RUNS, process)
        before = _cpu_of_all()
        time.sleep(IDLE)
        return _cpu_of_all() - before


def _cpu_of_all() -> float:
    """Returns the CPU seconds of every process here but this one."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        if stat.parent.name != str(os.getpid()):
            fields = stat.read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


MEASURES = {
    "idle-cpu": idle_cpu,
    "first": seconds_to_first_run,
    "rate": runs_per_second,
    "feed": feed,
}

if __name__ == "__main__":
    main(sys.argv[1], KINDS[sys.argv[2]])
