"""Tells the members of companies what is due.

Two runs never work on the same notification (claims.py), and what a crash must not send twice is
decided per message (deliveries.py).
"""

import logging
import time
from collections import Counter, deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.errors import InvalidInput, TemplateInvalid
from app.infrastructure.db.models import NotificationTemplate, ScheduledNotification
from app.services import claims, deliveries
from app.services.deliveries import Job
from app.services.messages import Channel, Message, render
from app.services.recipients import Recipients
from app.services.sending import Sender

__all__ = ["Channel", "Message", "process_pending"]

CHANNELS = ("whatsapp", "email")
MAX_BATCH = 500
CHUNK = 50  # notifications that are claimed at a time, while those before them are on the wire
LONGEST_WORK = 240.0  # s, where the caller sets no deadline: within the lease

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
    for it. `retrying` will come due again later: a channel failed, or a person wants to be told
    later. Without any channel nothing is claimed.

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
    counts.update(_work_through(_Batch(work, batch, due=now())))
    with session_factory() as session:
        counts["remaining"] = claims.count_due(session, now())
    return dict(counts)


@cache
def _say_that_it_is_off(channel: str) -> None:
    log.warning("the channel %s is not configured: nothing is sent by it", channel)


@dataclass
class _Batch:
    """The notifications of one call, at most `size`; `due` is the moment that they all go by."""

    work: _Work
    size: int
    due: datetime
    taken: list[ScheduledNotification] = field(default_factory=list)
    broken: dict[UUID, TemplateInvalid] = field(default_factory=dict)
    about: dict[UUID, Mapping[str, object]] = field(default_factory=dict)

    def refill(self, waiting: deque[Job]) -> bool:
        """Claims a few more and appends their messages. Returns whether there may be others."""
        number = min(CHUNK, self.size - len(self.taken))
        if not number:
            return False
        ours = {each.id for each in self.taken}
        with self.work.sessions.begin() as session:
            claimed = claims.claim_due(session, self.work.run_id, number, self.due, besides=ours)
        self.about |= {each.id: self.work.about(each) for each in claimed}
        jobs, broken = _prepare(self.work, claimed)
        # In this order: who is interrupted here must not settle what nobody has tried to send.
        waiting.extend(jobs)
        self.broken |= broken
        self.taken += claimed
        return bool(claimed)


def _work_through(batch: _Batch) -> Counter[str]:
    work = batch.work
    sender = Sender(work.sessions, work.now, work.deadline, batch.about)
    try:
        sender.send(batch.refill, batch.due)
    finally:  # also when a time limit or a stop interrupts
        ended = _finish(batch, sender.left)
    return ended


def _finish(batch: _Batch, left: Collection[UUID]) -> Counter[str]:
    """Gives back what was not tried, and settles the rest."""
    if not (batch.taken or left):
        return Counter()
    with batch.work.sessions.begin() as session:
        if left:
            claims.release(session, batch.work.run_id, left)
        tried = [each for each in batch.taken if each.id not in left]
        return _settle(session, tried, batch.broken, batch.due)


def _prepare(
    work: _Work, claimed: Sequence[ScheduledNotification]
) -> tuple[list[Job], dict[UUID, TemplateInvalid]]:
    """Returns the messages of some notifications, and which of these cannot be written."""
    jobs: list[Job] = []
    broken: dict[UUID, TemplateInvalid] = {}
    with work.sessions.begin() as session:
        deliveries.give_up_interrupted(session, [each.id for each in claimed])
        templates = _templates(session, {each.template_code for each in claimed})
        recipients = Recipients(session, claimed)
        for each in claimed:
            template = templates[each.template_code]
            try:
                text = render(template, each.context)
            except TemplateInvalid as error:
                log.error("a notification fails: %s", error, extra=work.about(each))
                broken[each.id] = error
                continue
            targets = recipients.of(each, template, work.channels.values())
            jobs += [Job(each.id, target, text) for target in targets]
    return jobs, broken


def _templates(session: Session, codes: Collection[str]) -> dict[str, NotificationTemplate]:
    found = session.scalars(
        select(NotificationTemplate).where(NotificationTemplate.code.in_(codes))
    )
    return {each.code: each for each in found}


def _settle(
    session: Session,
    tried: Sequence[ScheduledNotification],
    broken: Mapping[UUID, TemplateInvalid],
    due: datetime,
) -> Counter[str]:
    """Records how the notifications ended, and counts it."""
    ended = deliveries.outcomes_of(session, [each.id for each in tried], due)
    ended |= dict.fromkeys(broken, ("failed", None))
    claims.settle(session, tried, ended, broken)
    statuses = [ended[each.id][0] for each in tried]
    return Counter("retrying" if status == "pending" else status for status in statuses)
