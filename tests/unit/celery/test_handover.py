"""A worker that is to stop waits for others to consume its queues, and not for ever."""

import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest
import redis

from app.infrastructure.celery.handover import await_successors
from app.infrastructure.celery.recovery import say_alive
from app.infrastructure.celery.vitals import Usage, Vitals, say_vitals
from tests.unit.test_cli import NOBODY


@pytest.fixture
def client(redis_url: str) -> Iterator["redis.Redis"]:
    with redis.Redis.from_url(redis_url) as client:
        yield client


def consume(client: "redis.Redis", node: str, *queues: str, state: str = "consuming") -> None:
    say_alive(client, node, state)
    usage = Usage(cpu={}, memory={}, browsers=0)
    say_vitals(client, Vitals(node, queues, 1, {}, {}, usage))


def test_it_names_the_queues_that_nobody_else_consumes(client: "redis.Redis") -> None:
    consume(client, "all@old", "high", "low")
    consume(client, "fast@new", "high")
    assert await_successors(client, "all@old", ["high", "low"], 0) == ["low"]


def test_it_is_over_as_soon_as_the_last_queue_has_another_consumer(client: "redis.Redis") -> None:
    consume(client, "all@old", "high", "low")
    consume(client, "fast@new", "high")
    found: list[list[str]] = []
    waiting = threading.Thread(
        target=lambda: found.append(await_successors(client, "all@old", ["high", "low"], 60))
    )
    waiting.start()
    consume(client, "slow@new", "low")
    waiting.join(timeout=20)
    assert found == [[]]


@pytest.mark.parametrize("state", ["draining", "silent"])
def test_one_that_stops_or_is_silent_is_no_successor(client: "redis.Redis", state: str) -> None:
    consume(client, "fast@new", "high", state=state)
    if state == "silent":
        client.delete("alive:fast@new")
    assert await_successors(client, "all@old", ["high"], 0) == ["high"]


def test_two_that_leave_together_do_not_count_on_each_other(client: "redis.Redis") -> None:
    consume(client, "fast@a", "high")
    consume(client, "fast@b", "high")
    await_successors(client, "fast@a", ["high"], 0)
    assert await_successors(client, "fast@b", ["high"], 0) == ["high"]


def test_without_redis_the_pod_stops_all_the_same() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "app.cli", "hand-over"],
        env={
            "CELERY_WORKER_NAME": "fast",
            "CELERY_QUEUES": "high",
            "REDIS_URL": f"redis://{NOBODY}/0",
            "PYTHONPATH": "backend",
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0
    assert done.stderr.startswith("hand-over: Redis does not say who else consumes:")
