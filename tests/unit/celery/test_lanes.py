"""Slots per queue, seen on a real worker: what is full waits, and nobody waits for it."""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from sqlalchemy import create_engine, select

from app.infrastructure.celery.lanes import parse_slots
from app.infrastructure.db.models import Run
from tests.unit.celery.worker_process import RunOf, Start, finished
from tests.waiting import wait_until

FOUR = ("high,default,low", "--concurrency=4", "--prefetch-multiplier=1")
SLOTS = {"CELERY_QUEUE_SLOTS": "high:3,default:2,low:1"}


@pytest.fixture
def release(tmp_path: Path) -> Iterator[Path]:
    """The file whose appearance ends every held run; there at the end, so that workers stop."""
    file = tmp_path / "release"
    yield file
    file.touch()


@pytest.fixture
def hold(app: Any, release: Path) -> Callable[..., list[str]]:
    """Publishes runs that last until they are released; returns their ids."""

    def publish(queue: str, count: int, **options: Any) -> list[str]:
        task = app.tasks["test.hold"]
        kwargs = {"until": str(release)}
        return [task.apply_async(kwargs=kwargs, queue=queue, **options).id for _ in range(count)]

    return publish


@pytest.fixture
def running(database_url: str) -> Iterator[Callable[[], Counter[str | None]]]:
    """Counts the runs that run, by queue."""
    engine = create_engine(database_url)

    def count() -> Counter[str | None]:
        with engine.connect() as connection:
            return Counter(connection.scalars(select(Run.queue).where(Run.state == "running")))

    yield count
    engine.dispose()


def probe(app: Any, queue: str) -> str:
    return str(app.send_task("system.probe", queue=queue).id)


def test_a_full_lane_leaves_the_other_slots_to_the_others(
    app: Any, start_worker: Start, hold: Any, running: Any, release: Path, run_of: RunOf
) -> None:
    held = hold("default", 6) + hold("low", 4)
    start_worker("all", *FOUR, **SLOTS)
    wait_until(lambda: running() == {"default": 2, "low": 1}, what="full lanes")

    for _ in range(20):  # each through the one slot that is left
        assert finished(run_of, probe(app, "high")).state == "succeeded"
    assert running() == {"default": 2, "low": 1}

    release.touch()
    assert {finished(run_of, one).state for one in held} == {"succeeded"}
    assert {run_of(one).attempts for one in held} == {1}


def test_a_flood_of_all_queues_leaves_a_slot_to_each(
    start_worker: Start, hold: Any, running: Any, release: Path, run_of: RunOf
) -> None:
    held = hold("high", 8) + hold("default", 8) + hold("low", 2)
    start_worker("all", *FOUR, **SLOTS)
    wait_until(lambda: running().total() == 4, what="four runs")
    assert running() == {"high": 2, "default": 1, "low": 1}

    release.touch()
    assert {finished(run_of, one).state for one in held} == {"succeeded"}


def test_a_flood_of_the_first_queue_stops_at_its_limit(
    start_worker: Start, hold: Any, running: Any, app: Any, run_of: RunOf
) -> None:
    hold("high", 8)
    start_worker("all", *FOUR, **SLOTS)
    wait_until(lambda: running() == {"high": 3}, what="three runs")
    assert finished(run_of, probe(app, "default")).state == "succeeded"
    assert finished(run_of, probe(app, "low")).state == "succeeded"


def test_retries_whose_time_has_come_do_not_overflow_their_lane(
    app: Any, start_worker: Start, hold: Any, running: Any, release: Path, run_of: RunOf,
    redis_url: str,
) -> None:  # fmt: skip
    start_worker("all", *FOUR, **SLOTS)
    held = hold("low", 5, countdown=10)
    with redis.Redis.from_url(redis_url) as client:
        wait_until(lambda: client.llen("low") == 0, what="all wait in the worker")
        wait_until(lambda: client.llen("low") == 4 and running() == {"low": 1}, what="one runs")
    for queue in ("high", "default"):
        assert finished(run_of, probe(app, queue)).state == "succeeded"

    release.touch()
    assert {finished(run_of, one).state for one in held} == {"succeeded"}
    assert {run_of(one).attempts for one in held} == {1}


def test_a_slot_falls_free_however_its_run_ends(
    app: Any, start_worker: Start, hold: Any, running: Any, run_of: RunOf
) -> None:
    """Refused, killed with its child, over its time limit, revoked, retried: none keeps a slot."""
    start_worker("all", *FOUR, **SLOTS | {"CELERY_QUEUE_SLOTS": "high:3,default:1,low:1"})
    ended = [app.tasks[name].apply_async(queue="default").id
             for name in ("test.refuse", "test.die")]  # fmt: skip
    ended += [app.tasks[name].apply_async((2,), queue="default").id
              for name in ("test.hang", "test.stumble")]  # fmt: skip
    for one in ended:
        finished(run_of, one)

    (held,) = hold("default", 1)
    wait_until(lambda: running() == {"default": 1}, what="the held run")
    app.control.revoke(held, terminate=True, signal="SIGKILL")
    finished(run_of, held)
    assert finished(run_of, probe(app, "default")).state == "succeeded"


def test_a_lost_connection_empties_and_fills_the_lanes_anew(
    app: Any, start_worker: Start, hold: Any, running: Any, release: Path, run_of: RunOf,
    redis_url: str,
) -> None:  # fmt: skip
    held = hold("default", 4)
    worker = start_worker("all", *FOUR, **SLOTS)
    wait_until(lambda: running() == {"default": 2}, what="two runs")
    with redis.Redis.from_url(redis_url) as client:
        for kind in ("normal", "pubsub"):
            client.client_kill_filter(_type=kind, skipme=True)
    wait_until(lambda: "Connection to broker lost" in worker.log, what="the loss")

    assert finished(run_of, probe(app, "high")).state == "succeeded"
    wait_until(lambda: running()["default"] == 2, what="two runs again")
    release.touch()
    assert {finished(run_of, one).state for one in held} == {"succeeded"}


def test_without_limits_a_queue_may_take_every_slot(
    start_worker: Start, hold: Any, running: Any
) -> None:
    hold("low", 5)
    hold("default", 2)
    start_worker("all", *FOUR)
    wait_until(lambda: running() == {"default": 2, "low": 2}, what="the order of -Q alone")


def test_slots_are_read_as_they_are_written() -> None:
    assert parse_slots("high:3, default:2") == {"high": 3, "default": 2}
    assert parse_slots("") == {}
