"""Who works on a notification: a lease that two runs cannot hold at once.

What a dead worker held comes due again when its lease ends.
"""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.orm import Session

from app.errors import FiscalError
from app.infrastructure.db.models import ScheduledNotification

LEASE = timedelta(minutes=5)
MAX_CLAIMS = 10  # a row that is found abandoned after so many claims kills its workers

log = logging.getLogger(__name__)


def count_due(session: Session, at: datetime) -> int:
    """Returns how many notifications are due at `at` and held by nobody."""
    due = select(func.count()).select_from(ScheduledNotification).where(_is_due(at))
    return session.scalar(due) or 0


def claim_due(
    session: Session, run_id: UUID, limit: int, at: datetime
) -> list[ScheduledNotification]:
    """Takes at most `limit` due notifications, oldest first; what another run takes is skipped."""
    rows = session.scalars(
        select(ScheduledNotification)
        .where(_is_due(at))
        .order_by(ScheduledNotification.scheduled_for, ScheduledNotification.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    return [row for row in rows if _take(row, run_id, at)]


def release(session: Session, run_id: UUID, ids: Iterable[UUID]) -> None:
    """Gives back what this run claimed and has not finished."""
    session.execute(
        update(ScheduledNotification)
        .where(
            ScheduledNotification.id.in_(list(ids)),
            ScheduledNotification.claimed_by == run_id,
            ScheduledNotification.status == "processing",
        )
        .values(status="pending", claimed_by=None, lease_until=None)
    )


def settle(
    session: Session,
    claimed: ScheduledNotification,
    status: str,
    next_try_at: datetime | None,
    error: FiscalError | None,
) -> None:
    """Records how the notification ended; nothing where its lease ended and it was taken again."""
    row = ScheduledNotification
    session.execute(
        update(row)
        .where(row.id == claimed.id, row.attempts == claimed.attempts)
        .values(
            status=status,
            scheduled_for=next_try_at or row.scheduled_for,
            claimed_by=None,
            lease_until=None,
            error_code=error.code if error else None,
            error_message=error.message if error else None,
        )
    )


def _is_due(at: datetime) -> ColumnElement[bool]:
    row = ScheduledNotification
    return or_(
        (row.status == "pending") & (row.scheduled_for <= at),
        (row.status == "processing") & (row.lease_until < at),
    )


def _take(row: ScheduledNotification, run_id: UUID, at: datetime) -> bool:
    if row.status == "processing" and row.attempts >= MAX_CLAIMS:
        log.error("notification %s is given up after %d claims", row.id, row.attempts)
        row.status, row.error_code = "failed", "abandoned"
        row.error_message = "The workers that took this notification died."
        return False
    row.status, row.claimed_by, row.lease_until = "processing", run_id, at + LEASE
    row.attempts += 1
    return True
