"""The row first, then the message: no order in which they may arrive does harm."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
import redis
from kombu.transport.redis import Channel

from app.infrastructure.celery.publisher import CeleryPublisher
from app.infrastructure.celery.queues import RedisQueues
from app.infrastructure.db.session import get_session_factory
from app.services.outbox import outbox_scope
from app.services.runs import enqueue
from tests.unit.celery.worker_process import RunOf, WorkerProcess, finished
from tests.waiting import wait_until


def start(**options: Any) -> str:
    """Starts a probe as our own code does; returns its id."""
    with outbox_scope(get_session_factory(), CeleryPublisher()) as (session, outbox):
        run, _ = enqueue(session, outbox, task="system.probe", kwargs={}, **options)
    return str(run.id)


def test_a_run_has_its_row_before_its_message(app: Any, run_of: RunOf, redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        with outbox_scope(get_session_factory(), CeleryPublisher()) as (session, outbox):
            run, _ = enqueue(session, outbox, task="system.probe", kwargs={}, queue="low")
            session.flush()
            assert client.llen("low") == 0
        assert client.llen("low") == 1
        client.delete("low")
    row = run_of(str(run.id))
    assert (row.state, row.queue, row.attempts) == ("queued", "low", 0)


def test_a_transaction_that_fails_publishes_nothing(app: Any, run_of: RunOf) -> None:
    def fail() -> None:
        with outbox_scope(get_session_factory(), CeleryPublisher()) as (session, outbox):
            ids.append(enqueue(session, outbox, task="system.probe", kwargs={})[0].id)
            raise ValueError

    ids: list[UUID] = []
    with pytest.raises(ValueError):  # noqa: PT011 (our own, two lines above)
        fail()
    assert finished(run_of, start()).state == "succeeded"
    assert run_of(str(ids[0])) is None


def test_copies_of_a_message_whose_run_has_ended_do_nothing(
    app: Any, run_of: RunOf, redis_url: str, worker: WorkerProcess
) -> None:
    run_id = start()
    before = finished(run_of, run_id)
    for _ in range(3):
        app.send_task("system.probe", task_id=run_id, queue="default")
    last = start()
    finished(run_of, last)
    with redis.Redis.from_url(redis_url) as client:
        wait_until(lambda: not RedisQueues(client).run_ids(), what="every copy acknowledged")
    assert run_of(run_id) == before
    assert worker.log.count(f"[{run_id}] succeeded") == 1


def test_a_connection_that_breaks_while_a_queue_is_declared_is_replaced(
    app: Any, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Channel, "queue_declare", breaks_once(Channel.queue_declare))
    run_id = start(queue="low")
    with redis.Redis.from_url(redis_url) as client:
        [message] = client.lrange("low", 0, -1)
        client.delete("low")
    assert json.loads(message)["headers"]["id"] == run_id


def breaks_once(method: Callable[..., Any]) -> Callable[..., Any]:
    breaks = [redis.ConnectionError("cut")]

    def broken(*args: Any, **kwargs: Any) -> Any:
        if breaks:
            raise breaks.pop()
        return method(*args, **kwargs)

    return broken


def test_a_run_that_was_superseded_is_not_run(app: Any, run_of: RunOf) -> None:
    with outbox_scope(get_session_factory(), CeleryPublisher()) as (session, outbox):
        run, _ = enqueue(session, outbox, task="system.probe", kwargs={}, run_id=uuid4())
        run.state, run.finished_at = "superseded", datetime.now(UTC)
    finished(run_of, start())
    after = run_of(str(run.id))
    assert (after.state, after.attempts) == ("superseded", 0)


def test_the_message_carries_ids_and_no_more(app: Any, redis_url: str) -> None:
    run_id = start(queue="low")
    with redis.Redis.from_url(redis_url) as client:
        [message] = client.lrange("low", 0, -1)
        client.delete("low")
    assert json.loads(message)["headers"]["id"] == run_id
