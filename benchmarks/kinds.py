"""The two workers of a comparison: how each is started, fed and counted.

Runs inside the slim image, so that both use the product's Python, and only one worker at a time
lives beside it.
"""

import os
import secrets
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import psycopg
import redis

WORKER_LOG = Path("/tmp/worker.log")
CONCURRENCY, MAX_TASKS_PER_CHILD = 3, 50  # of the worker `fast`, topology.py
NEVER_RECYCLE = 999_999  # no-ops are so short that waiting for fresh children would be measured


@dataclass(frozen=True)
class Kind:
    """One of the two: its command, and the SQL that counts its finished runs."""

    command: tuple[str, ...]
    count_finished: str
    forget_all: str
    slots: str = ""
    more: Mapping[str, str] = field(default_factory=dict)  # of the environment


OURS = Kind(
    ("docker-entrypoint.sh", "worker"),
    "SELECT count(*) FROM runs WHERE state = 'succeeded'",
    "TRUNCATE runs CASCADE",
    slots="high:3,default:2",
)
NO_LANES = replace(OURS, slots="")  # what lanes cost
NO_LIMIT = replace(OURS, slots="high:3,default:3")  # lanes at work that keep no slot free
BARE = Kind(
    (
        "celery", "-A", "benchmarks.baseline", "worker", "-Q", "high,default", "-n", "bare@%h",
        f"--concurrency={CONCURRENCY}", "--loglevel=info",
        # As our entrypoint does; otherwise mingle alone adds a second to Celery's start.
        "--without-gossip", "--without-mingle",
    ),
    "SELECT count(*) FROM celery_taskmeta WHERE status = 'SUCCESS'",
    "TRUNCATE celery_taskmeta",
)  # fmt: skip
KINDS = {"ours": OURS, "bare": BARE, "no-lanes": NO_LANES, "lanes": NO_LIMIT}


def environment(kind: Kind, max_tasks_per_child: int) -> dict[str, str]:
    """Returns what both workers are told; ours reads all of it, plain Celery the two URLs."""
    return os.environ | {
        "CELERY_QUEUES": "high,default",
        "CELERY_QUEUE_SLOTS": kind.slots,
        "CELERY_WORKER_NAME": "fast",
        "CELERY_CONCURRENCY": str(CONCURRENCY),
        "CELERY_MAX_TASKS_PER_CHILD": str(max_tasks_per_child),
        "SECRET_KEYS": secrets.token_urlsafe(32) + "=",
        **kind.more,
    }


def command(kind: Kind, max_tasks_per_child: int) -> list[str]:
    """Returns the command line; ours takes the same number from its environment."""
    extra = [f"--max-tasks-per-child={max_tasks_per_child}"] if kind is BARE else []
    return [*kind.command, *extra]


@contextmanager
def worker(
    kind: Kind, max_tasks_per_child: int = MAX_TASKS_PER_CHILD
) -> Iterator[subprocess.Popen[bytes]]:
    """Starts the worker; kills it at the end, since nothing of it is needed any more."""
    with WORKER_LOG.open("wb") as log:
        process = subprocess.Popen(
            command(kind, max_tasks_per_child),
            env=environment(kind, max_tasks_per_child),
            stdout=log,
            stderr=log,
        )
        try:
            yield process
        finally:
            process.kill()  # its children die with it (PDEATHSIG)
            process.wait()


def connect() -> psycopg.Connection:
    """Returns an autocommit connection to the Postgres of both."""
    return psycopg.connect(os.environ["DATABASE_URL"].replace("+psycopg", ""), autocommit=True)


def forget(statement: str = OURS.forget_all) -> None:
    """Empties the queues, and tables by `statement`: what killed workers held would come back."""
    redis.Redis.from_url(os.environ["REDIS_URL"]).flushdb()
    with connect() as connection:
        connection.execute(statement)


def publish(kind: Kind, number: int) -> None:
    """Asks for `number` no-op runs the way each side's programs do."""
    if kind is BARE:
        from benchmarks.baseline import probe

        for _ in range(number):
            probe.apply_async(queue="default")
        return
    from app.bootstrap import publisher
    from app.infrastructure.db.session import get_session_factory
    from app.services.outbox import outbox_scope
    from app.services.runs import enqueue

    for _ in range(number):
        with outbox_scope(get_session_factory(), publisher()) as (session, outbox):
            enqueue(session, outbox, task="system.probe", kwargs={})


def make_tables(kind: Kind) -> None:
    """Makes the tables of plain Celery's results; ours are made by `fiscal migrate`."""
    if kind is BARE:
        from benchmarks.baseline import app

        app.backend.ResultSession().close()
