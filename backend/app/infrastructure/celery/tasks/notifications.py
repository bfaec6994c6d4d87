"""What people are told. Sending is in queue `high`, since people wait for it."""

import time
from typing import Any
from uuid import UUID, uuid5

from app import bootstrap
from app.infrastructure.celery import app

WORKING_TIME = 11  # s: sends start in the first 5 (sending.py), the last one has 6


@app.task(name="notifications.process_pending", bind=True)
def process_pending(self: Any, *, batch: int = 50) -> dict[str, Any]:
    """Sends what is due; a batch that is not done in time enqueues the rest of itself."""
    from app.infrastructure.db.session import get_session_factory
    from app.services import notifications
    from app.services.outbox import outbox_scope
    from app.services.runs import enqueue

    result = notifications.process_pending(
        get_session_factory(),
        bootstrap.channels(),
        run_id=UUID(self.request.id),
        batch=batch,
        deadline=time.monotonic() + WORKING_TIME,
    )
    if result["remaining"]:
        run_id = UUID(self.request.id)
        with outbox_scope(get_session_factory(), bootstrap.publisher()) as (session, outbox):
            enqueue(
                session,
                outbox,
                task=self.name,
                kwargs={"batch": batch},
                run_id=uuid5(run_id, "remaining"),  # a run that comes twice asks for one
                root_id=UUID(self.request.root_id),
            )
    return result


@app.task(name="notifications.sync_calendar", bind=True)
def sync_calendar(self: Any, *, days_ahead: int = 30) -> dict[str, int]:
    """Schedules the reminders of what is due, and takes back those that no longer hold."""
    from app.infrastructure.db.session import session_scope
    from app.services import calendar_notifications

    with session_scope() as session:
        self.attempt.hold(session)
        return calendar_notifications.sync_calendar(session, days_ahead=days_ahead)


@app.task(name="notifications.process_template_notification", bind=True)
def process_template_notification(
    self: Any, *, template_code: str, run_date: str | None = None
) -> dict[str, Any]:
    """Schedules what a template's own method finds to tell; `daily` is every such template."""
    from app.infrastructure.db.session import session_scope
    from app.services import template_notifications

    with session_scope() as session:
        self.attempt.hold(session)
        return template_notifications.process_template_notification(
            session, template_code, run_date=run_date
        )
