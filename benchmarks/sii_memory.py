"""The slow worker's memory: at its peak during a company-month, against idle and a Chromium."""

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from app import bootstrap
from app.infrastructure.db.session import get_session_factory
from app.services.outbox import outbox_scope
from app.services.runs import enqueue
from benchmarks.kinds import NO_LANES, WORKER_LOG, connect, worker
from benchmarks.processes import pss_mib
from benchmarks.sii_company import ASKED_AT, HOME, KWARGS, company, known

SLOW = {  # topology.py
    "CELERY_QUEUES": "low", "CELERY_WORKER_NAME": "slow", "CELERY_CONCURRENCY": "1",
    "SECRET_KEYS": os.environ.get("SECRET_KEYS", ""),
}  # fmt: skip
PER_CHILD = 10
SETTLE, PATIENCE = 5.0, 120.0  # s
OFTEN = 0.05  # s
COUNT = "SELECT count(*) FROM runs WHERE state = 'succeeded'"


def memory() -> dict[str, list[float]]:
    """Returns the MiB (PSS) of all processes of the worker at its peak, and of the baseline."""
    company_id = known(company())
    with worker(replace(NO_LANES, more=SLOW), PER_CHILD):
        _peak(_after(SETTLE))  # it has forked its child by then
        with _chromium():
            idle = _peak(_after(SETTLE))
        with outbox_scope(get_session_factory(), bootstrap.publisher()) as (session, outbox):
            for task, more in KWARGS.items():
                kwargs = {"company_id": str(company_id)} | more
                about = {"company_id": company_id, "queued_at": ASKED_AT}
                enqueue(session, outbox, task=task, kwargs=kwargs, **about)
        return {"memory": [_peak(_finished), idle]}


@contextmanager
def _chromium() -> Iterator[None]:
    """Runs one headless Chromium at the login page, without a driver."""
    command = ["chromium", "--headless=new", "--no-sandbox", "--user-data-dir=/tmp/bare"]
    process = subprocess.Popen(
        [*command, "--remote-debugging-port=0", HOME], stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        process.kill()
        process.wait()


def _after(seconds: float) -> Callable[[], bool]:
    until = time.monotonic() + seconds
    return lambda: time.monotonic() > until


def _finished() -> bool:
    with connect() as connection:
        return connection.execute(COUNT).fetchall()[0][0] == len(KWARGS)


def _peak(is_over: Callable[[], bool]) -> float:
    """Returns the most MiB that all processes but this one have held before `is_over`."""
    peak, deadline = 0.0, time.monotonic() + PATIENCE
    while not is_over():
        if time.monotonic() > deadline:
            print(WORKER_LOG.read_text()[-4000:])
            raise SystemExit("the runs did not end in time")
        peak = max(peak, sum(map(_pss_mib, _others())))
        time.sleep(OFTEN)
    return peak


def _others() -> list[Path]:
    found = Path("/proc").glob("[0-9]*")
    return [each for each in found if int(each.name) not in (1, os.getpid())]


def _pss_mib(process: Path) -> float:
    with suppress(OSError):  # gone in between
        return pss_mib(process)
    return 0.0
