"""What asking a worker whether it is well costs: `python -m benchmarks.asked HEALTH_CHECK`.

Runs inside a container, beside a worker of its own that lives and is idle. Prints the CPU
milliseconds, user and system, of one health check and of one `celery inspect ping`.
"""

import json
import resource
import socket
import statistics
import subprocess
import sys
import time

from benchmarks.kinds import OURS, WORKER_LOG, worker

PATIENCE = 60  # s
CHECKS, PINGS = 50, 5  # per round, in turn; one check is too short for a single measurement
ROUNDS = 3


def cpu_ms(command: list[str], times: int) -> float:
    """Returns the CPU milliseconds that one call takes; every call has to find the worker well."""
    before = _children_ms()
    for _ in range(times):
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return (_children_ms() - before) / times


def _children_ms() -> float:
    # Children that have ended, and theirs: the worker lives on and is not among them.
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (used.ru_utime + used.ru_stime)


def _await_ready() -> None:
    deadline = time.monotonic() + PATIENCE
    while f"fast@{socket.gethostname()} ready" not in WORKER_LOG.read_text():
        if time.monotonic() > deadline:
            raise SystemExit(f"no worker within {PATIENCE} s: {WORKER_LOG.read_text()[-3000:]}")
        time.sleep(0.1)


def main(health_check: str) -> None:
    """Measures both in turn and prints the medians as JSON."""
    node = f"fast@{socket.gethostname()}"
    ping = ["celery", "-A", "app.infrastructure.celery", "inspect", "ping", "-d", node]
    check = ["/bin/sh", "-c", health_check]  # as Compose runs a check that is a text
    checks, pings = [], []
    with worker(OURS):
        _await_ready()
        for _ in range(ROUNDS):
            checks.append(cpu_ms(check, CHECKS))
            pings.append(cpu_ms(ping, PINGS))
    print(json.dumps({"check": statistics.median(checks), "ping": statistics.median(pings)}))


if __name__ == "__main__":
    main(sys.argv[1])
