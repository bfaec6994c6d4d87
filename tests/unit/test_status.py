"""What `fiscal status` reads: the real Redis, the real tables."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import redis
from kombu import Connection, Exchange, Queue

from app.infrastructure.celery.queues import RedisQueues
from app.infrastructure.db.models import Company, Run
from app.infrastructure.db.session import session_scope
from app.services.status import (
    WorkerStatus,
    mixed_topologies,
    read_channels_off,
    read_queues,
    read_runs,
    read_workers,
)

TOPOLOGIES = {"one": ["all"], "two": ["fast", "slow"], "three": ["high", "default", "slow"]}
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def broker(redis_url: str) -> Iterator[Connection]:
    """Yields kombu's own connection, so that the layout in Redis is the transport's."""
    with Connection(redis_url) as connection:
        yield connection


def put(broker: Connection, queue: Queue, number: int, priority: int | None = None) -> None:
    with broker.Producer() as producer:
        for _ in range(number):
            producer.publish(
                {},
                exchange=queue.exchange,
                routing_key=queue.routing_key,
                declare=[queue],
                priority=priority,
            )


def queue_named(name: str) -> Queue:
    return Queue(name, Exchange(name), routing_key=name)


def test_a_message_counts_as_waiting_until_it_is_fetched_and_as_in_flight_until_it_is_done(
    broker: Connection, redis_url: str
) -> None:
    put(broker, queue_named("low"), 3)
    put(broker, queue_named("high"), 1)
    held = queue_named("low")(broker.channel()).get()
    with redis.Redis.from_url(redis_url) as client:
        low, high = read_queues(RedisQueues(client), ["low", "high"])
        assert (low.waiting, low.in_flight) == (2, 1)
        assert (high.waiting, high.in_flight) == (1, 0)
        held.ack()
        assert read_queues(RedisQueues(client), ["low"])[0].in_flight == 0


def test_the_lists_of_every_priority_belong_to_the_depth(
    broker: Connection, redis_url: str
) -> None:
    for priority in (0, 4, 9):
        put(broker, queue_named("low"), 2, priority)
    with redis.Redis.from_url(redis_url) as client:
        assert read_queues(RedisQueues(client), ["low"])[0].waiting == 6


def test_workers_come_with_the_queues_that_they_consume() -> None:
    answers = {"slow@b": [{"name": "low"}], "fast@a": [{"name": "high"}, {"name": "default"}]}
    assert read_workers(lambda: answers) == [
        WorkerStatus("fast@a", ("high", "default")),
        WorkerStatus("slow@b", ("low",)),
    ]


def test_a_channel_is_off_on_the_workers_that_say_so() -> None:
    answers = [{"slow@b": ["email"]}, {"fast@a": ["email", "whatsapp"]}, {"old@c": {"error": "?"}}]
    expected = {"email": ["fast@a", "slow@b"], "whatsapp": ["fast@a"]}
    assert read_channels_off(lambda: answers) == expected


@pytest.mark.parametrize(
    ("alive", "expected"),
    [
        ([], {}),
        (["all@a"], {}),
        (["all@a", "all@b"], {}),
        (["fast@a", "slow@b"], {}),
        (["slow@b"], {}),
        (["high@a", "default@b", "slow@c"], {}),
        (["all@a", "fast@b", "slow@c"], {"one": ["fast", "slow"], "two": ["all"]}),
        (["fast@a", "high@b"], {"two": ["high"], "three": ["fast"]}),
        (["bulk@a"], {}),
        (["fast@a", "slow@b", "bulk@c"], {}),
        (["all@a", "fast@b", "slow@c", "bulk@d"], {"one": ["fast", "slow"], "two": ["all"]}),
    ],
)  # fmt: skip
def test_a_mixture_names_what_must_stop_to_be_left_with_each_topology(
    alive: list[str], expected: dict[str, list[str]]
) -> None:
    workers = [WorkerStatus(node, ()) for node in alive]
    assert mixed_topologies(workers, TOPOLOGIES) == expected


def test_the_last_runs_come_newest_first_with_company_and_times(database_url: str) -> None:
    with session_scope() as session:
        company = Company(rut="76543210-3", business_name="Panadería Inventada SpA")
        session.add(company)
        session.flush()
        session.add_all(
            [
                Run(id=uuid4(), task="old", state="queued", queued_at=NOON - timedelta(days=1)),
                Run(
                    id=uuid4(),
                    task="sii.sync_documents",
                    state="failed",
                    worker="slow@a",
                    company_id=company.id,
                    error_code="invalid_credentials",
                    queued_at=NOON - timedelta(minutes=10),
                    started_at=NOON - timedelta(minutes=9),
                    finished_at=NOON - timedelta(minutes=7),
                ),
                Run(
                    id=uuid4(),
                    task="running",
                    state="running",
                    queued_at=NOON - timedelta(seconds=30),
                    started_at=NOON - timedelta(seconds=20),
                ),
                Run(id=uuid4(), task="waiting", state="queued", queued_at=NOON),
            ]
        )
    with session_scope() as session:
        waiting, running, failed = read_runs(session, NOON + timedelta(seconds=5), limit=3)
    assert (waiting.task, waiting.waited, waiting.took) == ("waiting", timedelta(seconds=5), None)
    assert running.took == timedelta(seconds=25)
    assert failed.company == "Panadería Inventada SpA"
    assert (failed.waited, failed.took) == (timedelta(minutes=1), timedelta(minutes=2))
    assert (failed.worker, failed.error_code) == ("slow@a", "invalid_credentials")
