"""How long what is over is kept. Beat asks each night by `celery.backend_cleanup`.

What makes an effect happen once is never deleted, however old it is: the key of a notification
stays, for `run_date` may name any day of the past and a due date may be moved. What is deleted of
it are its text and its deliveries, and only once it has ended for good.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, delete, exists, select, tuple_, update
from sqlalchemy.orm import InstrumentedAttribute, Session, sessionmaker
from sqlalchemy.sql.dml import UpdateBase

from app.infrastructure.db.models import (
    AccountSession,
    EventHistory,
    NotificationDelivery,
    Onboarding,
    OperatorAction,
    Run,
    ScheduledNotification,
    SignInTry,
)
from app.infrastructure.db.session import rows_changed
from app.services.run_totals import count_finished
from app.services.sign_ins import WINDOW

BATCH = 2000  # rows per transaction: nobody waits long for one of them
WORKING_TIME = 200  # s in one call; the next night goes on
UNSEEN = {"synchronize_session": False}  # no row of these is in the session
ENDED = ("sent", "partial", "failed", "skipped")  # a cancelled one may come back


@dataclass(frozen=True)
class Ages:
    """How old what has ended may become; a sign-in knows itself when it is over."""

    runs: timedelta
    notifications: timedelta
    history: timedelta


def clean_up(
    sessions: sessionmaker[Session],
    ages: Ages,
    *,
    now: datetime | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> dict[str, int]:
    """Deletes what is older than `ages`, a batch at a time; returns how many rows, by kind."""
    now, over_at = now or datetime.now(UTC), clock() + WORKING_TIME
    batches: dict[str, Callable[[], UpdateBase]] = {
        "deliveries": lambda: _deliveries(now - ages.notifications),
        "notifications_emptied": lambda: _contexts(now - ages.notifications),
        "history": lambda: _older(EventHistory.at, now - ages.history),
        "operator_actions": lambda: _older(OperatorAction.at, now - ages.history),
        "account_sessions": lambda: _older(AccountSession.expires_at, now),
        "sign_in_tries": lambda: _older(SignInTry.begun_at, now - WINDOW),
        "runs": lambda: _runs(now - ages.runs),
    }
    done = dict.fromkeys(batches, 0)
    with sessions.begin() as session:
        count_finished(session)
    for kind, batch in batches.items():
        number = BATCH
        while number == BATCH and clock() < over_at:
            with sessions.begin() as session:
                number = rows_changed(session, batch(), execution_options=UNSEEN)
            done[kind] += number
    return done


def _runs(before: datetime) -> UpdateBase:
    """Not those of an onboarding that is under way: without them it would begin again."""
    under_way = exists().where(Onboarding.id == Run.root_id, Onboarding.finished_at.is_(None))
    old = (Run.finished_at < before, Run.counted, ~under_way)
    batch = select(Run.id).where(*old).limit(BATCH).with_for_update(skip_locked=True)
    return delete(Run).where(Run.id.in_(batch.scalar_subquery()))


def _ended(before: datetime) -> ColumnElement[bool]:
    return (ScheduledNotification.scheduled_for < before) & ScheduledNotification.status.in_(ENDED)


def _deliveries(before: datetime) -> UpdateBase:
    """Not those that wait for somebody to say whether they arrived."""
    batch = (
        select(NotificationDelivery.id)
        .join(
            ScheduledNotification,
            ScheduledNotification.id == NotificationDelivery.notification_id,
        )
        .where(_ended(before), NotificationDelivery.status.in_(("sent", "failed")))
        .limit(BATCH)
        .with_for_update(skip_locked=True, of=NotificationDelivery)
    )
    return delete(NotificationDelivery).where(NotificationDelivery.id.in_(batch.scalar_subquery()))


def _contexts(before: datetime) -> UpdateBase:
    batch = (
        select(ScheduledNotification.id)
        .where(_ended(before), ScheduledNotification.context != {})
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    rows = ScheduledNotification.id.in_(batch.scalar_subquery())
    return update(ScheduledNotification).where(rows).values(context={}, error_message=None)


def _older(at: InstrumentedAttribute[datetime], before: datetime) -> UpdateBase:
    key = at.class_.__table__.primary_key.columns
    batch = select(*key).where(at < before).limit(BATCH).with_for_update(skip_locked=True)
    return delete(at.class_).where(tuple_(*key).in_(batch))
