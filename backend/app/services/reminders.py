"""Reminders of calendar events."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.infrastructure.db.models import ScheduledNotification

ENTITY = "calendar_event"


def cancel_reminders(session: Session, event_ids: Collection[UUID]) -> int:
    """Cancels the reminders of events that have not been claimed yet. Returns how many.

    An event that is opened again, or moves back to a day that it had before, gets them back from
    `notifications.sync_calendar`.
    """
    if not event_ids:
        return 0
    statement = (
        update(ScheduledNotification)
        .where(ScheduledNotification.entity_type == ENTITY)
        .where(ScheduledNotification.entity_id.in_(event_ids))
        .where(ScheduledNotification.status == "pending")
        .values(status="cancelled")
        .returning(ScheduledNotification.id)
    )
    statement = statement.execution_options(synchronize_session=False)
    return len(session.scalars(statement).all())
