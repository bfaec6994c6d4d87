"""Which attempt of a run may act, and when a run that kills its workers is given up."""

import signal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import redis
from sqlalchemy import create_engine, text

from app.errors import RunTakenOver
from app.infrastructure.db.models import Run
from app.infrastructure.db.session import get_session_factory
from app.services.attempts import MAX_CRASHES, Attempt
from tests.unit.celery.worker_process import RunOf, Start, finished
from tests.waiting import wait_until


@pytest.fixture
def run_id(database_url: str) -> UUID:
    run = Run(id=uuid4(), task="system.probe", state="running", attempts=2, crashes=1)
    with get_session_factory().begin() as session:
        session.add(run)
    return run.id


def test_the_last_attempt_may_store_and_is_no_poison(run_id: UUID) -> None:
    sessions = get_session_factory()
    with sessions.begin() as session:
        Attempt(run_id, 2).hold(session)
    with sessions() as session:
        assert session.get_one(Run, run_id).crashes == 0


def test_an_attempt_that_was_taken_over_may_not(run_id: UUID) -> None:
    sessions = get_session_factory()
    with sessions() as session, pytest.raises(RunTakenOver):
        Attempt(run_id, 1).hold(session)


def test_nobody_takes_a_run_over_while_its_attempt_stores(run_id: UUID, database_url: str) -> None:
    engine = create_engine(database_url, connect_args={"options": "-c lock_timeout=200"})
    with get_session_factory()() as session:
        Attempt(run_id, 2).hold(session)
        with engine.connect() as other, pytest.raises(Exception, match="lock timeout"):
            other.execute(text("UPDATE runs SET attempts = attempts + 1"))
    engine.dispose()


def test_an_attempt_that_was_taken_over_cannot_end_the_run(
    app: Any, start_worker: Start, run_of: RunOf, tmp_path: Path, database_url: str
) -> None:
    worker = start_worker("first", "default")
    until = tmp_path / "go"
    taken = app.send_task("test.hold", kwargs={"until": str(until)}, queue="default").id
    wait_until(lambda: run_of(taken) is not None, what="its start")
    engine = create_engine(database_url)
    with engine.begin() as connection:  # what a second start does
        connection.execute(text("UPDATE runs SET attempts = 2, worker = 'second@test'"))
    engine.dispose()
    until.touch()
    wait_until(lambda: f"[{taken}] succeeded" in worker.log, what="the stale attempt's end")
    run = run_of(taken)
    assert (run.state, run.worker, run.finished_at) == ("running", "second@test", None)


def test_a_run_that_kills_its_worker_each_time_is_given_up(
    app: Any, start_worker: Start, run_of: RunOf
) -> None:
    run_id = app.send_task("test.kill_worker", queue="default").id
    for start in range(MAX_CRASHES):
        worker = start_worker("default", "default", ready=False)
        assert worker.process.wait(60) == -signal.SIGKILL
        assert run_of(run_id).attempts == start + 1
    start_worker("default", "default", ready=False)
    run = finished(run_of, run_id)
    assert (run.state, run.error_code, run.error_kind) == ("failed", "poison_run", "permanent")
    assert run.error_message.startswith("The worker died each time")
    assert run.deaths == MAX_CRASHES


def test_a_run_that_is_told_to_stop_is_no_poison(
    app: Any, start_worker: Start, run_of: RunOf, tmp_path: Path
) -> None:
    until = tmp_path / "go"
    run_id = app.send_task("test.hold", kwargs={"until": str(until)}, queue="default").id
    for start in range(2):
        worker = start_worker("first", "default")
        wait_until(lambda n=start + 1: getattr(run_of(run_id), "attempts", 0) == n)
        worker.process.send_signal(signal.SIGTERM)
        worker.process.wait(30)
    start_worker("first", "default")
    until.touch()
    run = finished(run_of, run_id)
    assert (run.state, run.attempts, run.crashes) == ("succeeded", 3, 0)


def test_a_retry_that_redis_does_not_take_is_not_the_end_of_its_run(
    app: Any, start_worker: Start, run_of: RunOf, redis_url: str, tmp_path: Path
) -> None:
    worker = start_worker("first", "default")
    until = tmp_path / "go"
    run_id = app.send_task("test.stumble_at", kwargs={"until": str(until)}, queue="default").id
    wait_until(lambda: run_of(run_id) is not None, what="its start")
    with redis.Redis.from_url(redis_url) as client:
        client.config_set("maxmemory", "1mb")  # nothing new is taken
        try:
            until.touch()
            wait_until(lambda: "Redis takes no message" in worker.log, 60, "the refusal")
            worker.process.wait(60)  # Celery gives up; its container starts it again
        finally:
            client.config_set("maxmemory", "0")
    start_worker("first", "default")
    assert finished(run_of, run_id).state == "succeeded"


def test_a_retry_that_redis_is_slow_to_take_is_over_before_the_hard_limit(
    app: Any, start_worker: Start, run_of: RunOf, client: redis.Redis
) -> None:
    """Where the soft limit struck, `high` has 10 s left; Celery's own tries to publish take 20.

    The limits strike although Redis says nothing: no event of the worker's holds its loop up.
    """
    worker = start_worker("first", "default")
    run_id = app.send_task("test.hang_after_publishing", queue="default").id
    wait_until(lambda: "Task system.probe" in worker.log, what="what it publishes")
    client.execute_command("CLIENT", "PAUSE", 30_000, "ALL")
    wait_until(lambda: "Soft time limit" in worker.log, 30, "the soft limit")
    wait_until(lambda: "Redis takes no message" in worker.log, 30, "the end of the attempt")
    wait_until(lambda: run_of(run_id).finished_at, 60, "its end")
    run = run_of(run_id)
    assert (run.state, run.attempts) == ("succeeded", 2), worker.log
