"""Makes the ledger and the queues agree: every unfinished run has a message, or gets one.

A message is missing where its publisher met an outage, where Redis lost its disk, or where a
worker died in the moment between taking a message and noting that it has it.
"""

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.orm import Session, sessionmaker

from app.infrastructure.db.models import Run
from app.services.cancelling import end_cancelled
from app.services.outbox import Outbox, Publisher, outbox_scope
from app.services.run_totals import count_finished

TASK = "system.reconcile"
YOUNG = timedelta(seconds=20)  # such a run's message may still be on its way
LOOK_AGAIN = 2.0  # s: a message that moves between two lists may be missed once
KEPT = timedelta(hours=1)  # this task's own rows: two a minute would drown the others
BATCH = 1000
FULL = 0.8  # of Redis' memory: time to be told
_LOCK = 7_262_510_003  # any fixed number that is nobody else's

log = logging.getLogger(__name__)


class Messages(Protocol):
    """What Redis holds."""

    def run_ids(self) -> set[UUID]:
        """Returns the runs whose message waits or is with a worker."""

    def fullness(self) -> float:
        """Returns the part of its memory limit that Redis uses, 0 where it has none."""


def reconcile(
    sessions: sessionmaker[Session],
    messages: Messages,
    publisher: Publisher,
    *,
    pause: Callable[[float], None] = time.sleep,
) -> dict[str, int]:
    """Ends the runs that have expired, and publishes those whose message is missing.

    Returns how many `expired` and how many were `republished`. One call works at a time; another
    one that comes meanwhile does nothing.
    """
    if (fullness := messages.fullness()) > FULL:
        log.error("Redis uses %d %% of its memory; when it is full, nothing can be queued.",
                  fullness * 100)  # fmt: skip
    with outbox_scope(sessions, publisher) as (session, outbox):
        if not session.scalar(select(func.pg_try_advisory_xact_lock(_LOCK))):
            return {"expired": 0, "republished": 0}
        expired = _end_expired(session)
        end_cancelled(session)
        count_finished(session)
        _forget_own_rows(session)
        lost = _missing(sessions, messages)
        if lost:
            pause(LOOK_AGAIN)
            lost &= _missing(sessions, messages)
        republished = _queue_again(session, outbox, lost)
    if republished:
        log.warning("published %d runs whose message was missing", republished)
    return {"expired": expired, "republished": republished}


def _end_expired(session: Session) -> int:
    ended = session.scalars(
        update(Run)
        .where(Run.state == "queued", Run.expires_at < func.clock_timestamp())
        .values(state="expired", finished_at=func.clock_timestamp())
        .returning(Run.id)
    )
    return len(ended.all())


def _forget_own_rows(session: Session) -> None:
    old = Run.finished_at < datetime.now(UTC) - KEPT
    session.execute(delete(Run).where(Run.task == TASK, Run.state == "succeeded", old, Run.counted))


def _missing(sessions: sessionmaker[Session], messages: Messages) -> set[UUID]:
    """Returns the runs that should have a message and have none. Rows first: what ends meanwhile
    is not missed twice."""
    with sessions() as session:
        waiting = set(session.scalars(select(Run.id).where(_unfinished()).limit(BATCH)))
    return waiting - messages.run_ids() if waiting else set()


def _unfinished() -> ColumnElement[bool]:
    last_sign = func.coalesce(Run.started_at, Run.queued_at)
    grown_up = func.greatest(last_sign, Run.queued_at) < func.clock_timestamp() - YOUNG
    return Run.finished_at.is_(None) & Run.task.is_not(None) & grown_up


def _queue_again(session: Session, outbox: Outbox, lost: set[UUID]) -> int:
    runs = session.scalars(
        update(Run)
        .where(Run.id.in_(lost), Run.finished_at.is_(None))
        .values(state="queued")  # no crash: nothing is known against the run itself
        .returning(Run)
    ).all()
    outbox.runs += runs
    return len(runs)
