"""Tells the members of companies what is due.

Two runs never work on the same notification (claims.py), and what a crash must not send twice is
decided per message (deliveries.py).
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from uuid import UUID

from sqlalchemy.orm import Session, sessionmaker

from app.errors import InvalidInput, TemplateInvalid
from app.infrastructure.db.models import NotificationTemplate, ScheduledNotification
from app.services import claims, deliveries
from app.services.messages import Channel, Message, render

__all__ = ["Channel", "Message", "process_pending"]

CHANNELS = ("whatsapp", "email")
MAX_BATCH = 500
LONGEST_WORK = 240.0  # s, where the caller sets no deadline: within the lease
LONGEST_SEND = 15.0  # s
LAST_START = 6.0  # s before the deadline; a send that starts later has too little time to be sure
THREADS = 8  # sends wait for the network: 50 messages of 300 ms take 2 s instead of 15
LEFT = "left"

log = logging.getLogger(__name__)


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class _Work:
    """What one call has in hand."""

    sessions: sessionmaker[Session]
    channels: Mapping[str, Channel]
    run_id: UUID
    now: Callable[[], datetime]
    deadline: float
    stop: threading.Event = field(default_factory=threading.Event)

    @property
    def seconds_left(self) -> float:
        return self.deadline - time.monotonic()

    @property
    def is_over(self) -> bool:
        return self.stop.is_set() or self.seconds_left < LAST_START

    def about(self, notification: ScheduledNotification) -> dict[str, object]:
        """What a log line from a thread must say for itself."""
        return {
            "run": str(self.run_id),
            "company": str(notification.company_id),
            "notification": str(notification.id),
        }


def process_pending(
    session_factory: sessionmaker[Session],
    channels: Mapping[str, Channel],
    *,
    run_id: UUID,
    batch: int = 50,
    now: Callable[[], datetime] = _utc_now,
    deadline: float | None = None,
) -> dict[str, int]:
    """Sends at most `batch` due notifications and returns how they ended.

    `deadline` is the value of time.monotonic() by which the call returns; what it could not do by
    then is released. `remaining` counts what is due and unclaimed afterwards: enqueue another run
    for it. `retrying` will come due again later. Without any channel nothing is claimed.

    Raises InvalidInput for a batch outside 1..500.
    """
    if not 1 <= batch <= MAX_BATCH:
        raise InvalidInput(f"batch is {batch}; it must be from 1 to {MAX_BATCH}.", "batch")
    for name in CHANNELS:
        if name not in channels:
            _say_that_it_is_off(name)
    counts = Counter(sent=0, partial=0, failed=0, skipped=0, retrying=0, remaining=0)
    if not channels:
        return dict(counts)
    deadline = time.monotonic() + LONGEST_WORK if deadline is None else deadline
    work = _Work(session_factory, channels, run_id, now, deadline)
    counts.update(_work_through(work, _claim(work, batch)))
    with session_factory() as session:
        counts["remaining"] = claims.count_due(session, now())
    return dict(counts)


@cache
def _say_that_it_is_off(channel: str) -> None:
    log.warning("the channel %s is not configured: nothing is sent by it", channel)


def _claim(work: _Work, batch: int) -> Sequence[ScheduledNotification]:
    if work.is_over:
        return []
    with work.sessions.begin() as session:
        return claims.claim_due(session, work.run_id, batch, work.now())


def _work_through(work: _Work, claimed: Sequence[ScheduledNotification]) -> Counter[str]:
    counts: Counter[str] = Counter()
    pool = ThreadPoolExecutor(THREADS, thread_name_prefix="deliver")
    futures = {pool.submit(_process, work, each): each for each in claimed}
    try:
        for future in as_completed(futures):
            if future.result() != LEFT:
                counts[future.result()] += 1
    finally:  # also when a time limit or a stop interrupts: finish what is on the wire, no more
        work.stop.set()
        pool.shutdown(cancel_futures=True)
        with work.sessions.begin() as session:
            left = [row.id for future, row in futures.items() if _was_left(future)]
            claims.release(session, work.run_id, left)
    return counts


def _was_left(future: "Future[str]") -> bool:
    return future.cancelled() or (future.exception() is None and future.result() == LEFT)


def _process(work: _Work, notification: ScheduledNotification) -> str:
    """Returns how the notification ended: sent, partial, failed, skipped, retrying or left."""
    if work.is_over:
        return LEFT
    due = work.now()
    with work.sessions.begin() as session:
        deliveries.give_up_interrupted(session, notification.id)
        template = session.get_one(NotificationTemplate, notification.template_code)
        targets = deliveries.targets_of(
            session,
            notification.company_id,
            work.channels.values(),
            has_approved_template=template.whatsapp_template is not None,
        )
    try:
        text = render(template, notification.context)
    except TemplateInvalid as error:
        log.error("a notification fails: %s", error, extra=work.about(notification))
        return _end(work, notification, "failed", error=error)
    for target in targets:
        if work.is_over:
            return LEFT
        deliveries.deliver(
            work.sessions,
            notification.id,
            target,
            text,
            due=due,
            now=work.now,
            timeout=min(LONGEST_SEND, work.seconds_left),
            about=work.about(notification),
        )
    with work.sessions() as session:
        status, next_try_at = deliveries.outcome_of(session, notification.id, due)
    return _end(work, notification, status, next_try_at)


def _end(
    work: _Work,
    notification: ScheduledNotification,
    status: str,
    next_try_at: datetime | None = None,
    error: TemplateInvalid | None = None,
) -> str:
    with work.sessions.begin() as session:
        claims.settle(session, notification, status, next_try_at, error)
    return "retrying" if status == "pending" else status
