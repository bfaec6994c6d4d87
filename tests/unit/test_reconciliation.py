"""The ledger and the queues are made to agree, and nothing is published twice."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import redis
from sqlalchemy import select

from app.infrastructure.celery.publisher import CeleryPublisher
from app.infrastructure.celery.queues import RedisQueues
from app.infrastructure.db.models import Run
from app.infrastructure.db.session import get_session_factory
from app.services import reconciliation
from app.services.outbox import Outbox
from app.services.schedule import enqueue_scheduled
from tests.unit.celery.worker_process import publishing_app

LONG_AGO = datetime.now(UTC) - timedelta(minutes=10)


@pytest.fixture
def client(redis_url: str, database_url: str) -> Iterator[redis.Redis]:
    publishing_app(redis_url)
    with redis.Redis.from_url(redis_url) as client:
        yield client


def record(state: str = "queued", queued_at: datetime = LONG_AGO, **values: Any) -> UUID:
    described = {"task": "system.probe", "queue": "default", "kwargs": {}} | values
    run = Run(id=uuid4(), state=state, queued_at=queued_at, **described)
    run.root_id = run.id
    with get_session_factory().begin() as session:
        session.add(run)
    return run.id


def reconcile(client: redis.Redis) -> dict[str, int]:
    return reconciliation.reconcile(
        get_session_factory(), RedisQueues(client), CeleryPublisher(), pause=lambda _: None
    )


def states() -> dict[UUID, str]:
    with get_session_factory()() as session:
        return {run.id: run.state for run in session.scalars(select(Run))}


@pytest.mark.parametrize("state", ["queued", "running", "retrying"])
def test_a_run_without_a_message_gets_one_and_only_one(client: redis.Redis, state: str) -> None:
    lost = record(state)
    assert reconcile(client) == {"expired": 0, "republished": 1}
    assert reconcile(client) == {"expired": 0, "republished": 0}
    assert client.llen("default") == 1
    assert RedisQueues(client).run_ids() == {lost}
    assert states() == {lost: "queued"}


def test_two_at_once_publish_once(client: redis.Redis) -> None:
    lost = {record() for _ in range(30)}
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: reconcile(client), range(4)))
    assert sum(result["republished"] for result in results) == 30
    assert client.llen("default") == 30
    assert RedisQueues(client).run_ids() == lost


def test_a_young_run_and_a_finished_one_are_left_alone(client: redis.Redis) -> None:
    record(queued_at=datetime.now(UTC))
    record("succeeded", finished_at=LONG_AGO)
    assert reconcile(client)["republished"] == 0
    assert client.llen("default") == 0


@pytest.mark.parametrize("held_by", ["unacked", "unacked:slow@a"])
def test_a_message_that_a_worker_has_is_not_missing(client: redis.Redis, held_by: str) -> None:
    run_id = record("running", started_at=LONG_AGO)
    client.sadd("nodes", "slow@a")
    message = [{"headers": {"id": str(run_id)}}, "default", "default"]
    client.hset(held_by, "tag", json.dumps(message))
    assert reconcile(client)["republished"] == 0


def test_a_message_that_moves_while_it_is_looked_for_is_not_missing(client: redis.Redis) -> None:
    run_id = record()

    class Moving:
        looks = 0

        def run_ids(self) -> set[UUID]:
            self.looks += 1
            return set() if self.looks == 1 else {run_id}

        def fullness(self) -> float:
            return 0.0

    result = reconciliation.reconcile(
        get_session_factory(), Moving(), CeleryPublisher(), pause=lambda _: None
    )
    assert result["republished"] == 0


def test_what_expired_ends_and_is_not_published(client: redis.Redis) -> None:
    late = record(expires_at=LONG_AGO + timedelta(minutes=1))
    still = record(expires_at=datetime.now(UTC) + timedelta(hours=1))
    assert reconcile(client) == {"expired": 1, "republished": 1}
    assert states() == {late: "expired", still: "queued"}
    assert RedisQueues(client).run_ids() == {still}


def test_its_own_old_rows_go_and_those_of_others_stay(client: redis.Redis) -> None:
    old = datetime.now(UTC) - timedelta(hours=2)
    record("succeeded", task=reconciliation.TASK, finished_at=old)
    kept = {
        record("succeeded", task=reconciliation.TASK, finished_at=datetime.now(UTC)),
        record("failed", task=reconciliation.TASK, finished_at=old),
        record("succeeded", finished_at=old),
    }
    reconcile(client)
    assert states().keys() == kept


def test_a_redis_that_is_nearly_full_is_told(
    client: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    used = int(client.info("memory")["used_memory"])
    client.config_set("maxmemory", int(used * 1.1))
    try:
        reconcile(client)
    finally:
        client.config_set("maxmemory", 0)
    assert "Redis uses 9" in caplog.text or "Redis uses 8" in caplog.text


def test_a_flushed_redis_gets_every_unfinished_run_back(client: redis.Redis) -> None:
    lost = {record() for _ in range(20)} | {record("running", started_at=LONG_AGO)}
    reconcile(client)
    client.flushall()
    assert reconcile(client)["republished"] == 21
    assert RedisQueues(client).run_ids() == lost


def fire(last_run_at: datetime, outbox: Outbox) -> UUID:
    with get_session_factory().begin() as session:
        return enqueue_scheduled(
            session, outbox, entry="hourly", last_run_at=last_run_at, task="system.probe",
            kwargs={}, queue=None, expires_at=None,
        ).id  # fmt: skip


def test_an_entry_fires_once_for_one_due_time_and_the_newest_takes_the_place_of_the_rest(
    client: redis.Redis,
) -> None:
    outbox = Outbox(CeleryPublisher())
    first = fire(LONG_AGO, outbox)
    assert fire(LONG_AGO, outbox) == first  # beat died after the commit and fires again
    assert len(outbox.runs) == 1
    second = fire(LONG_AGO + timedelta(hours=1), outbox)
    assert states() == {first: "superseded", second: "queued"}
