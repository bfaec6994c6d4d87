"""Whether a person may be told now: asked while sending, by one worker per person at a time.

A notification by two channels is one notification: only the first of them counts for the most a
day and for the interval.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session

from app.domain.quiet_hours import first_allowed
from app.infrastructure.db.models import (
    NotificationDelivery,
    NotificationPreferences,
    ScheduledNotification,
)
from app.services.recipients import Target

_PAST = timedelta(hours=26)  # a local day has 25 hours at most, an interval 24

Person = tuple[UUID, UUID]  # user, company
Wanted = tuple[UUID, Target]  # notification, target


def admit(session: Session, wanted: Iterable[Wanted], now: datetime) -> dict[Wanted, datetime]:
    """Returns what may not be sent now, with the first moment at which it may.

    Holds the preferences of these people until the transaction ends, so that two workers never
    count the same past.
    """
    limited = [each for each in wanted if each[1].wishes is not None]
    if not limited:
        return {}
    people = sorted({(target.user_id, target.company_id) for _, target in limited})
    _lock(session, people)
    told = _told(session, people, now - _PAST)
    refused = {}
    for notification_id, target in limited:
        before = told[target.user_id, target.company_id]
        past = [] if notification_id in before else list(before.values())
        assert target.wishes is not None  # noqa: S101 (mypy)
        moment = first_allowed(target.wishes, now, past)
        if moment > now:
            refused[notification_id, target] = moment
        else:
            before.setdefault(notification_id, now)
    return refused


def _lock(session: Session, people: list[Person]) -> None:
    row = NotificationPreferences
    session.execute(
        select(row.user_id)
        .where(tuple_(row.user_id, row.company_id).in_(people))
        .order_by(row.user_id, row.company_id)  # one order for all, or two would wait in a circle
        .with_for_update()
    )


def _told(
    session: Session, people: list[Person], since: datetime
) -> dict[Person, dict[UUID, datetime]]:
    """Returns when each person was told of which notification, or may have been."""
    row, about = NotificationDelivery, ScheduledNotification
    found = session.execute(
        select(row.user_id, about.company_id, row.notification_id, func.min(row.begun_at))
        .join(about, about.id == row.notification_id)
        .where(row.user_id.in_({user for user, _ in people}), row.begun_at >= since)
        .where(row.status.in_(("sending", "sent", "unknown")))
        .group_by(row.user_id, about.company_id, row.notification_id)
    )
    told: dict[Person, dict[UUID, datetime]] = defaultdict(dict)
    for user_id, company_id, notification_id, begun_at in found:
        told[user_id, company_id][notification_id] = begun_at
    return told
