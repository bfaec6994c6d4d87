"""What a worker makes of runs that end in every way."""

from datetime import UTC, datetime, timedelta
from typing import Any

from app.infrastructure.celery.heartbeat import HEARTBEAT
from tests.unit.celery.worker_process import RunOf, finished
from tests.waiting import wait_until


def test_a_permanent_error_fails_at_once_with_its_sentence(app: Any, run_of: RunOf) -> None:
    run = finished(run_of, app.send_task("test.refuse").id)
    assert (run.state, run.attempts, run.error_kind) == ("failed", 1, "permanent")
    assert run.error_message == "No, and asking again will not help."


def test_a_transient_error_is_retried_until_it_is_gone(app: Any, run_of: RunOf) -> None:
    run = finished(run_of, app.send_task("test.stumble", kwargs={"times": 2}).id)
    assert (run.state, run.attempts, run.result) == ("succeeded", 3, 2)
    assert run.error_code is None
    run = finished(run_of, app.send_task("test.stumble", kwargs={"times": 9}).id)
    assert (run.state, run.attempts) == ("failed", 4)
    assert (run.error_code, run.error_kind) == ("sii_unavailable", "transient")


def test_a_run_that_is_turned_away_uses_up_none_of_its_tries_for_a_day(
    app: Any, run_of: RunOf
) -> None:
    run = finished(run_of, app.send_task("test.turn_away", kwargs={"times": 6}).id)
    assert (run.state, run.attempts, run.result) == ("succeeded", 7, 0)
    endless = {"times": 99, "most_starts": 3}  # two that do not count, then four that do
    run = finished(run_of, app.send_task("test.turn_away", kwargs=endless).id)
    assert (run.state, run.attempts, run.error_code) == ("failed", 6, "browsers_busy")


def test_a_run_that_kills_its_child_is_tried_once_more_and_then_fails(
    app: Any, run_of: RunOf
) -> None:
    run = finished(run_of, app.send_task("test.die").id)
    assert (run.state, run.attempts, run.error_code) == ("failed", 2, "worker_lost_error")


def test_a_run_over_its_soft_limit_is_retried_as_one_that_was_paused(
    app: Any, run_of: RunOf
) -> None:
    run = finished(run_of, app.send_task("test.hang", kwargs={"times": 1}).id)
    assert (run.state, run.attempts, run.error_code) == ("succeeded", 2, None)
    run = finished(run_of, app.send_task("test.hang", kwargs={"times": 9}).id)
    assert (run.state, run.attempts) == ("failed", 4)
    assert (run.error_code, run.error_kind) == ("out_of_time", "transient")


def test_a_limit_that_strikes_in_the_ping_of_a_connection_is_no_error_of_the_run(
    app: Any, run_of: RunOf
) -> None:
    run = finished(run_of, app.send_task("test.hang_in_ping", kwargs={"times": 1}).id)
    assert (run.state, run.attempts, run.error_code) == ("succeeded", 2, None)


def test_a_run_that_meets_a_redis_that_is_away_is_retried(app: Any, run_of: RunOf) -> None:
    run = finished(run_of, app.send_task("test.ask_redis", kwargs={"times": 1}).id)
    assert (run.state, run.attempts, run.error_code) == ("succeeded", 2, None)
    run = finished(run_of, app.send_task("test.ask_redis", kwargs={"times": 9}).id)
    assert (run.state, run.error_code, run.error_kind) == (
        "failed",
        "queue_unavailable",
        "transient",
    )


def test_a_run_that_came_too_late_expires_and_never_runs(app: Any, run_of: RunOf) -> None:
    late = datetime.now(UTC) - timedelta(seconds=5)
    run = finished(run_of, app.send_task("system.probe", expires=late).id)
    assert (run.state, run.attempts, run.started_at) == ("expired", 0, None)


def test_an_unknown_task_leaves_a_failed_run(app: Any, run_of: RunOf) -> None:
    run = finished(run_of, app.send_task("sii.renamed", queue="default").id)
    assert (run.state, run.error_code, run.task) == ("failed", "not_registered", "sii.renamed")


def test_the_consumer_goes_on_beating() -> None:
    HEARTBEAT.unlink(missing_ok=True)  # what it touched at its start
    wait_until(HEARTBEAT.exists, what="the next beat")
