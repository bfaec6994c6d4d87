"""The file that health checks look at tells the truth, and costs next to nothing."""

import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import redis
from celery.apps import worker as celery_worker
from celery.worker import state

from app.infrastructure.celery import heartbeat
from app.infrastructure.celery.heartbeat import DEAF, HEARTBEAT, OVERDUE, Heartbeat
from app.infrastructure.celery.queues import signs_of_life
from tests.unit.celery.worker_process import Start
from tests.waiting import wait_until


class Consumer(SimpleNamespace):
    """What a beat looks at: a consumer of `high` and `default` that hears Redis."""

    def __init__(self) -> None:
        self.alive_at = time.monotonic()
        self.asked = {"high", "default"}
        self.task_consumer = SimpleNamespace(consuming_from=lambda name: name in self.asked)
        queues = SimpleNamespace(consume_from={"high": 1, "default": 1})
        self.app = SimpleNamespace(amqp=SimpleNamespace(queues=queues))


@pytest.fixture
def beating(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Heartbeat:
    monkeypatch.setattr(heartbeat, "HEARTBEAT", tmp_path / "heartbeat")
    monkeypatch.setattr(state, "active_requests", set())
    return Heartbeat(Consumer())


def request(run_id: str, hard: float | None) -> Any:
    return SimpleNamespace(
        id=run_id, time_limits=(hard, None), task=SimpleNamespace(time_limit=1800)
    )


class Hashable(SimpleNamespace):
    __hash__ = object.__hash__


def test_a_worker_that_can_work_beats(beating: Heartbeat) -> None:
    beating.beat(Consumer())
    assert heartbeat.HEARTBEAT.exists()


def test_without_an_answer_of_redis_it_falls_silent_and_says_why_once(
    beating: Heartbeat, caplog: pytest.LogCaptureFixture
) -> None:
    consumer = Consumer()
    consumer.alive_at -= DEAF + 1
    beating.beat(consumer)
    beating.beat(consumer)
    assert not heartbeat.HEARTBEAT.exists()
    assert [record.message for record in caplog.records] == ["unhealthy: Redis does not answer"]


def test_a_queue_that_it_should_ask_and_does_not_is_a_fault(beating: Heartbeat) -> None:
    consumer = Consumer()
    consumer.asked.remove("default")
    assert beating.faults(consumer) == ["queue default is not asked"]


def test_a_queue_that_an_operator_took_away_is_none(beating: Heartbeat) -> None:
    consumer = Consumer()
    consumer.asked.remove("default")
    del consumer.app.amqp.queues.consume_from["default"]
    assert beating.faults(consumer) == []


@pytest.mark.parametrize(("hard", "limit"), [(30, 30), (None, 1800)])
def test_a_run_that_outlives_its_hard_limit_is_a_fault_and_a_long_one_is_none(
    beating: Heartbeat, monkeypatch: pytest.MonkeyPatch, hard: float | None, limit: float
) -> None:
    now = float(int(time.monotonic()))  # whole seconds: sums of fractions are off by a rounding
    monkeypatch.setattr(heartbeat.time, "monotonic", lambda: now)
    state.active_requests.add(Hashable(**vars(request("a", hard))))
    consumer = Consumer()
    assert beating.faults(consumer) == []
    now += limit + OVERDUE
    consumer.alive_at = now
    assert beating.faults(consumer) == []
    now += 1
    assert beating.faults(consumer) == ["run a is past its hard limit"]


def test_a_worker_beats_again_after_redis_took_no_sign_of_life(
    start_worker: Start, redis_url: str, app: Any
) -> None:
    """Refused to the sweeper alone: a pause, or a full memory, can meet other commands too."""
    worker = start_worker("first", "default")
    with redis.Redis.from_url(redis_url) as client:
        (node,) = signs_of_life(client)
        client.execute_command("ACL", "SETUSER", "default", "-set")
        try:
            wait_until(lambda: signs_of_life(client)[node] is None, 30, "silence")
        finally:
            client.execute_command("ACL", "SETUSER", "default", "+set")
        assert "does not answer the sweeper" in worker.log, worker.log
        before = HEARTBEAT.stat().st_mtime
        wait_until(lambda: signs_of_life(client)[node], 30, "a sign of life")
        wait_until(lambda: HEARTBEAT.stat().st_mtime > before, 60, "beats again")


def test_celery_still_waits_softly_by_the_function_that_is_wrapped() -> None:
    """lifecycle.py replaces `wait_for_soft_shutdown`; an upgrade that renames it must fail here."""
    names = celery_worker.on_cold_shutdown.__code__.co_names
    assert "wait_for_soft_shutdown" in names
