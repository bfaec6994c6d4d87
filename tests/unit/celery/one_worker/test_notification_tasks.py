"""The tasks that schedule notifications, in a real worker."""

from typing import Any

from tests.unit.celery.worker_process import RunOf, finished


def test_the_calendar_is_synced_and_the_templates_of_the_day_are_asked(
    app: Any, run_of: RunOf
) -> None:
    # Its own queue is `high`, which the worker of these tests does not consume.
    run = finished(run_of, app.send_task("notifications.sync_calendar", queue="default").id)
    assert (run.state, run.result) == (
        "succeeded",
        {"events_processed": 0, "notifications_created": 0, "existing": 0, "cancelled": 0},
    )
    name = "notifications.process_template_notification"
    run = finished(run_of, app.send_task(name, kwargs={"template_code": "daily"}).id)
    assert run.state == "succeeded"
    assert set(run.result) == {
        "companies_processed", "notifications_created", "total", "errors", "start_date", "end_date",
    }  # fmt: skip


def test_an_unknown_template_is_named_and_not_tried_again(app: Any, run_of: RunOf) -> None:
    name = "notifications.process_template_notification"
    run = finished(run_of, app.send_task(name, kwargs={"template_code": "nothing"}).id)
    assert (run.state, run.attempts, run.error_kind) == ("failed", 1, "permanent")
    assert run.error_message == "There is no notification template nothing."
