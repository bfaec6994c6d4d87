"""Real workers: what they run, what they record, what they refuse."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import redis
from sqlalchemy import create_engine, select

from app.infrastructure.celery.heartbeat import HEARTBEAT
from app.infrastructure.celery.topology import QUEUES
from app.infrastructure.db.models import Run
from tests.unit.celery.conftest import WorkerProcess
from tests.waiting import wait_until

Start = Callable[..., WorkerProcess]


@pytest.fixture
def app(database_url: str, redis_url: str) -> Any:
    from app.infrastructure.celery import app
    from tests.unit.celery import worker_app  # noqa: F401

    app.conf.broker_url = redis_url
    app.set_current()
    return app


@pytest.fixture
def run_of(database_url: str) -> Callable[[str], Run | None]:
    engine = create_engine(database_url)

    def find(run_id: str) -> Any:
        with engine.connect() as connection:
            return connection.execute(select(Run.__table__).where(Run.id == UUID(run_id))).first()

    yield find
    engine.dispose()


def finished(run_of: Callable[[str], Any], run_id: str) -> Any:
    wait_until(lambda: (run := run_of(run_id)) and run.finished_at, what=f"run {run_id} finished")
    return run_of(run_id)


def test_a_message_is_in_its_own_queue_and_in_no_other(app: Any, redis_url: str) -> None:
    client = redis.Redis.from_url(redis_url)
    for queue in QUEUES:
        app.send_task("system.probe", queue=queue)
        assert {name: client.llen(name) for name in QUEUES if client.llen(name)} == {queue: 1}
        client.delete(queue)
    client.close()


def test_each_worker_takes_its_queues_only_and_the_ledger_says_so(
    app: Any, start_worker: Start, run_of: Callable[[str], Any], redis_url: str
) -> None:
    start_worker("fast", "high,default")
    ids = {queue: app.send_task("system.probe", queue=queue).id for queue in QUEUES}

    for queue in ("high", "default"):
        run = finished(run_of, ids[queue])
        assert (run.state, run.worker, run.queue, run.attempts) == (
            "succeeded",
            "fast@test",
            queue,
            1,
        )
        assert run.result["worker"] == "fast@test"
        assert run.queued_at <= run.started_at <= run.finished_at
    client = redis.Redis.from_url(redis_url)
    assert client.llen("low") == 1
    client.close()

    start_worker("slow", "low")
    assert finished(run_of, ids["low"]).worker == "slow@test"


def test_a_permanent_error_fails_at_once_with_its_sentence(
    app: Any, start_worker: Start, run_of: Callable[[str], Any]
) -> None:
    start_worker("default", "default")
    run = finished(run_of, app.send_task("test.refuse").id)
    assert (run.state, run.attempts, run.error_kind) == ("failed", 1, "permanent")
    assert run.error_message == "No, and asking again will not help."


def test_a_transient_error_is_retried_until_it_is_gone(
    app: Any, start_worker: Start, run_of: Callable[[str], Any]
) -> None:
    start_worker("default", "default")
    run = finished(run_of, app.send_task("test.stumble", kwargs={"times": 2}).id)
    assert (run.state, run.attempts, run.result) == ("succeeded", 3, 2)
    assert run.error_code is None
    run = finished(run_of, app.send_task("test.stumble", kwargs={"times": 9}).id)
    assert (run.state, run.attempts) == ("failed", 4)
    assert (run.error_code, run.error_kind) == ("sii_unavailable", "transient")


def test_a_run_that_kills_its_child_is_tried_once_more_and_then_fails(
    app: Any, start_worker: Start, run_of: Callable[[str], Any]
) -> None:
    start_worker("default", "default")
    run = finished(run_of, app.send_task("test.die").id)
    assert (run.state, run.attempts, run.error_code) == ("failed", 2, "worker_lost_error")


def test_a_run_over_its_soft_limit_fails_as_transient(
    app: Any, start_worker: Start, run_of: Callable[[str], Any]
) -> None:
    start_worker("default", "default")
    run = finished(run_of, app.send_task("test.hang").id)
    assert (run.state, run.error_code, run.error_kind) == (
        "failed",
        "soft_time_limit_exceeded",
        "transient",
    )


def test_a_run_that_came_too_late_is_revoked_and_never_runs(
    app: Any, start_worker: Start, run_of: Callable[[str], Any]
) -> None:
    late = datetime.now(UTC) - timedelta(seconds=5)
    run_id = app.send_task("system.probe", expires=late).id
    start_worker("default", "default")
    run = finished(run_of, run_id)
    assert (run.state, run.attempts, run.started_at) == ("revoked", 0, None)


def test_an_unknown_task_leaves_a_failed_run(
    app: Any, start_worker: Start, run_of: Callable[[str], Any]
) -> None:
    start_worker("default", "default")
    run = finished(run_of, app.send_task("sii.renamed", queue="default").id)
    assert (run.state, run.error_code, run.task) == ("failed", "not_registered", "sii.renamed")


def test_a_queue_nobody_declared_is_an_error_when_publishing(app: Any) -> None:
    from celery.exceptions import QueueNotFound

    with pytest.raises(QueueNotFound, match="hihg"):
        app.send_task("system.probe", queue="hihg")


def test_a_child_can_be_replaced_after_the_worker_has_asked_for_others(
    app: Any, start_worker: Start, run_of: Callable[[str], Any]
) -> None:
    """A connection that went back to the pool with an open question hung every later child."""
    start_worker("all", "high,default,low")
    fast = start_worker("fast", "default", "--concurrency=1", "--max-tasks-per-child=1")
    wait_until(lambda: "Workers of another topology" in fast.log, what="the question answered")
    for _ in range(4):
        ids = [app.send_task("system.probe", queue="default").id for _ in range(6)]
        for run_id in ids:
            finished(run_of, run_id)
    assert "Timed out waiting for UP message" not in fast.log


def test_the_consumer_beats(start_worker: Start) -> None:
    HEARTBEAT.unlink(missing_ok=True)
    start_worker("default", "default")
    first = wait_until(lambda: HEARTBEAT.exists() and HEARTBEAT.stat().st_mtime, what="heartbeat")
    wait_until(lambda: HEARTBEAT.stat().st_mtime > first, what="a second beat")


def test_a_worker_names_the_workers_of_another_topology(start_worker: Start) -> None:
    start_worker("all", "high,default,low")
    fast = start_worker("fast", "high,default")
    wait_until(
        lambda: "Workers of another topology are alive: all@test" in fast.log, what="the warning"
    )
    three = start_worker("slow", "low")
    wait_until(lambda: "Workers of another topology are alive: all@test" in three.log)


@pytest.mark.parametrize("name", ["DATABASE_URL", "REDIS_URL", "SECRET_KEYS"])
def test_a_worker_without_a_required_variable_says_so_and_ends(
    start_worker: Start, name: str
) -> None:
    worker = start_worker("default", "default", ready=False, **{name: ""})
    assert worker.process.wait(20) == 64
    assert f"{name} is not set" in worker.log


def test_low_without_chrome_is_refused(start_worker: Start, tmp_path: Path) -> None:
    worker = start_worker("slow", "low", ready=False, PATH=str(tmp_path))
    assert worker.process.wait(20) == 64
    assert "Queue low needs Chrome" in worker.log
