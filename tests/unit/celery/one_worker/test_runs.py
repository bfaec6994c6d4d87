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


def test_a_run_that_kills_its_child_is_tried_once_more_and_then_fails(
    app: Any, run_of: RunOf
) -> None:
    run = finished(run_of, app.send_task("test.die").id)
    assert (run.state, run.attempts, run.error_code) == ("failed", 2, "worker_lost_error")


def test_a_run_over_its_soft_limit_fails_as_transient(app: Any, run_of: RunOf) -> None:
    run = finished(run_of, app.send_task("test.hang").id)
    assert (run.state, run.error_code, run.error_kind) == (
        "failed",
        "soft_time_limit_exceeded",
        "transient",
    )


def test_a_run_that_came_too_late_is_revoked_and_never_runs(app: Any, run_of: RunOf) -> None:
    late = datetime.now(UTC) - timedelta(seconds=5)
    run = finished(run_of, app.send_task("system.probe", expires=late).id)
    assert (run.state, run.attempts, run.started_at) == ("revoked", 0, None)


def test_an_unknown_task_leaves_a_failed_run(app: Any, run_of: RunOf) -> None:
    run = finished(run_of, app.send_task("sii.renamed", queue="default").id)
    assert (run.state, run.error_code, run.task) == ("failed", "not_registered", "sii.renamed")


def test_the_consumer_goes_on_beating() -> None:
    HEARTBEAT.unlink(missing_ok=True)  # what it touched at its start
    wait_until(HEARTBEAT.exists, what="the next beat")
