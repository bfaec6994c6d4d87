"""A paused queue, seen on a real worker: it holds, the others flow, and nothing resumes it."""

import signal
from typing import Any

import psycopg
import pytest
import redis

from app.infrastructure.celery.lanes import Lanes
from app.infrastructure.celery.publisher import CeleryPublisher
from app.infrastructure.celery.topology import QUEUES
from app.infrastructure.db.session import get_session_factory, session_scope
from app.services.cancelling import cancel_run
from app.services.operators import Operator
from app.services.outbox import outbox_scope
from app.services.pauses import pause_queue, resume_queue
from app.services.runs import enqueue
from tests.unit.celery.worker_process import RunOf, Start, WorkerProcess, finished
from tests.waiting import wait_until

ANA = Operator("ana", "SII asks for quiet")
END_WATCHER = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND query = 'SELECT queue FROM paused_queues'
"""
TWO = ("high,default", "--prefetch-multiplier=1")


def pause(queue: str) -> None:
    with session_scope() as session:
        pause_queue(session, queue, ANA, QUEUES)


def resume(queue: str) -> None:
    with session_scope() as session:
        resume_queue(session, queue, ANA, QUEUES)


def probe(queue: str) -> str:
    with outbox_scope(get_session_factory(), CeleryPublisher()) as (session, outbox):
        return str(enqueue(session, outbox, task="system.probe", kwargs={}, queue=queue)[0].id)


def await_log(worker: WorkerProcess, text: str) -> None:
    wait_until(lambda: text in worker.log, what=f"{text!r} in the log")


def test_a_paused_queue_holds_through_every_restart_until_it_is_resumed(
    app: Any, start_worker: Start, run_of: RunOf, redis_url: str, database_url: str,
    client: redis.Redis,
) -> None:  # fmt: skip
    worker = start_worker("all", *TWO)
    later = str(app.send_task("system.probe", queue="default", countdown=5).id)
    pause("default")
    await_log(worker, "paused queues: default")
    wait_until(lambda: client.llen("default") == 1, what="the run whose time came sent back")

    client.flushall()  # a Redis that loses its disk
    held = [probe("default") for _ in range(3)]
    for _ in range(5):
        assert finished(run_of, probe("high")).state == "succeeded"
    assert client.llen("default") == 3

    with psycopg.connect(database_url.replace("+psycopg", ""), autocommit=True) as postgres:
        postgres.execute(END_WATCHER)
    await_log(worker, "Postgres does not say which queues are paused")
    assert finished(run_of, probe("high")).state == "succeeded"

    worker.process.send_signal(signal.SIGTERM)
    worker.process.wait(20)
    assert "unhealthy" not in worker.log
    worker = start_worker("all", *TWO)
    assert finished(run_of, probe("high")).state == "succeeded"
    assert client.llen("default") == 3
    with session_scope() as session:
        cancelled = str(cancel_run(session, held.pop(), ANA).id)

    pause("high")  # now it has nothing to ask for
    await_log(worker, "paused queues: default, high")
    held.append(probe("high"))
    resume("default")
    resume("high")
    assert {finished(run_of, one).state for one in held} == {"succeeded"}
    assert {run_of(one).attempts for one in held} == {1}
    wait_until(lambda: not client.llen("default"), what="the cancelled run's message dropped")
    assert (run_of(cancelled).state, run_of(cancelled).attempts) == ("revoked", 0)
    assert run_of(later) is None  # its message went with Redis' disk, before it had a row


@pytest.mark.parametrize(
    ("paused", "asked"),
    [(set(), ["a", "b"]), ({"a"}, ["b"]), ({"a", "b"}, [])],
    ids=["none", "one", "all"],
)
def test_a_paused_queue_is_not_asked_with_slots_or_without(paused: set, asked: list) -> None:
    for slots in ({}, {"a": 1}):
        lanes = Lanes(slots, lambda: paused)
        lanes.update(["a", "b"])
        assert list(lanes.consume(2)) == asked
