"""Who works on a notification: a lease that two runs cannot hold at once.

What a dead worker held comes due again when its lease ends, and at once for the next attempt of
the same run: the attempt before it can settle nothing any more.
"""

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Uuid, all_, cast, func, or_, select, text, update
from sqlalchemy.orm import Session

from app.errors import FiscalError
from app.infrastructure.db.models import ScheduledNotification

LEASE = timedelta(minutes=5)
MAX_CLAIMS = 10  # a row that is found abandoned after so many claims kills its workers

_SETTLE = text("""
    UPDATE scheduled_notifications AS n
    SET status = e.status, scheduled_for = coalesce(e.next_try_at, n.scheduled_for),
        claimed_by = NULL, lease_until = NULL,
        -- put off is not abandoned: only the claims since then count against MAX_CLAIMS
        attempts = CASE e.status WHEN 'pending' THEN 0 ELSE n.attempts END,
        error_code = e.error_code, error_message = e.error_message
    FROM unnest(CAST(:ids AS uuid[]), CAST(:runs AS uuid[]), CAST(:attempts AS int[]),
        CAST(:statuses AS text[]),
        CAST(:moments AS timestamptz[]), CAST(:codes AS text[]), CAST(:messages AS text[]))
        AS e (id, run_id, attempts, status, next_try_at, error_code, error_message)
    WHERE n.id = e.id AND n.claimed_by = e.run_id AND n.attempts = e.attempts
        AND n.status = 'processing'
""")

log = logging.getLogger(__name__)


def count_due(session: Session, at: datetime) -> int:
    """Returns how many notifications are due at `at` and held by nobody."""
    due = select(func.count()).select_from(ScheduledNotification).where(_is_due(at))
    return session.scalar(due) or 0


def claim_due(
    session: Session, run_id: UUID, limit: int, at: datetime, besides: Collection[UUID] = ()
) -> list[ScheduledNotification]:
    """Takes at most `limit` notifications, oldest first: due ones, and those that an earlier
    attempt of this run has left; `besides` are those that this attempt has. What another run takes
    is skipped."""
    row = ScheduledNotification
    left_over = _was_left_by(run_id) & (row.id != all_(cast(list(besides), ARRAY(Uuid))))
    oldest = (
        select(row.id)
        .where(or_(_is_due(at), left_over))
        # By nothing else: a morning's reminders have one moment, and the index yields the first few
        # of them, where a second key would have all of them read and sorted each time.
        .order_by(row.scheduled_for)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("oldest")
    )
    claim = (
        update(row)
        .where(row.id == oldest.c.id)
        .values(
            status="processing",
            claimed_by=run_id,
            lease_until=at + LEASE,
            attempts=row.attempts + 1,
        )
        .returning(row)
        .execution_options(synchronize_session=False)
    )
    claimed = sorted(session.scalars(claim), key=lambda each: each.scheduled_for)
    return [each for each in claimed if not _is_given_up(each)]


def release(session: Session, run_id: UUID, ids: Iterable[UUID]) -> None:
    """Gives back what this run claimed and has not finished."""
    session.execute(
        update(ScheduledNotification)
        .where(
            ScheduledNotification.id.in_(list(ids)),
            ScheduledNotification.claimed_by == run_id,
            ScheduledNotification.status == "processing",
        )
        .values(
            status="pending",
            claimed_by=None,
            lease_until=None,
            attempts=ScheduledNotification.attempts - 1,  # it was not tried
        )
    )


def settle(
    session: Session,
    claimed: Sequence[ScheduledNotification],
    ended: Mapping[UUID, tuple[str, datetime | None]],
    errors: Mapping[UUID, FiscalError],
) -> None:
    """Records how notifications ended and when they come due again; nothing for one whose lease
    ended and that was taken again."""
    if not claimed:
        return
    failed = [errors.get(each.id) for each in claimed]
    session.execute(
        _SETTLE,
        {
            "ids": [each.id for each in claimed],
            "runs": [each.claimed_by for each in claimed],
            "attempts": [each.attempts for each in claimed],
            "statuses": [ended[each.id][0] for each in claimed],
            "moments": [ended[each.id][1] for each in claimed],
            "codes": [error.code if error else None for error in failed],
            "messages": [error.message if error else None for error in failed],
        },
    )


def _is_due(at: datetime) -> ColumnElement[bool]:
    row = ScheduledNotification
    return or_(
        (row.status == "pending") & (row.scheduled_for <= at),
        (row.status == "processing") & (row.lease_until < at),
    )


def _was_left_by(run_id: UUID) -> ColumnElement[bool]:
    row = ScheduledNotification
    return (row.status == "processing") & (row.claimed_by == run_id)


def _is_given_up(row: ScheduledNotification) -> bool:
    """Gives up a row that was claimed too often; returns whether it did."""
    if row.attempts <= MAX_CLAIMS:
        return False
    row.attempts -= 1  # it is not tried
    log.error("notification %s is given up after %d claims", row.id, row.attempts)
    row.status, row.error_code = "failed", "abandoned"
    row.error_message = "The workers that took this notification died."
    return True
