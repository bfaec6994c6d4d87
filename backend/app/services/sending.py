"""Sends a batch of messages, many at a time; one thread asks the database for all of them.

What is claimed is at once on the wire: a crash leaves in doubt only what a provider may have.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from app.errors import DeliveryUnknown, FiscalError, RateLimited
from app.infrastructure.db.session import on_one_connection
from app.services import channel_limits, deliveries
from app.services.admission import admit
from app.services.deliveries import Claimed, Job, Outcome
from app.services.messages import Message

THREADS = 20  # sends wait for the network; Meta and mail servers take as many at a time
LONGEST_SEND = 15.0  # s
LAST_START = 6.0  # s before the deadline; a send that starts later has too little time to be sure
_NAP = 0.05  # s, where a channel's pace lets nothing start

Refill = Callable[[deque[Job]], bool]  # appends jobs; returns whether there may be others

log = logging.getLogger(__name__)


@dataclass
class Sender:
    """Sends jobs until the deadline, a value of time.monotonic(). `about` is for the log."""

    sessions: sessionmaker[Session]
    now: Callable[[], datetime]
    deadline: float
    about: Mapping[UUID, Mapping[str, object]]
    stop: threading.Event = field(default_factory=threading.Event)
    waiting: deque[Job] = field(default_factory=deque)
    has_more: bool = True
    _landed: threading.Event = field(default_factory=threading.Event)  # set: some send has ended

    @property
    def left(self) -> set[UUID]:
        """The notifications of which something was not tried."""
        return {job.notification_id for job in self.waiting}

    @property
    def seconds_left(self) -> float:
        """How long a send may take."""
        return self.deadline - time.monotonic()

    @property
    def is_over(self) -> bool:
        """Whether no further send may start."""
        return self.stop.is_set() or self.seconds_left < LAST_START

    def send(self, refill: Refill, due: datetime) -> None:
        """Sends what is not sent yet. What it cannot begin in time stays in `waiting`."""
        flying: set[Future[Outcome]] = set()
        pool = ThreadPoolExecutor(THREADS, thread_name_prefix="deliver")
        try:
            self._top_up(refill)
            with on_one_connection(self.sessions) as sessions:
                while flying or (self.waiting and not self.is_over):
                    self._landed.clear()
                    landed = [future for future in flying if future.done()]
                    claimed = self._turn(sessions, landed, due, THREADS - len(flying))
                    flying.difference_update(landed)
                    for each in claimed:
                        future = pool.submit(self._hand_over, each)
                        flying.add(future)
                        future.add_done_callback(lambda _: self._landed.set())
                    self._top_up(refill)  # while those are on the wire
                    self._rest(len(flying))
        finally:  # also when a time limit or a stop interrupts: finish what is on the wire, no more
            self.stop.set()
            pool.shutdown()
            with self.sessions.begin() as session:  # a connection that nothing has interrupted
                deliveries.record(session, [future.result() for future in flying])

    def _top_up(self, refill: Refill) -> None:
        """Has a full round of jobs wait, as long as there are any."""
        while len(self.waiting) < THREADS and self.has_more and not self.is_over:
            self.has_more = refill(self.waiting)

    def _rest(self, flying: int) -> None:
        """Waits until there is something to do."""
        can_start = bool(self.waiting) and not self.is_over and flying < THREADS
        if flying or can_start:
            self._landed.wait(_NAP if can_start else None)

    def _turn(
        self,
        sessions: sessionmaker[Session],
        landed: Sequence["Future[Outcome]"],
        due: datetime,
        free: int,
    ) -> list[Claimed]:
        """Records what has ended and claims what can start, in one transaction."""
        number = 0 if self.is_over else min(free + len(landed), len(self.waiting))
        taken = [self.waiting.popleft() for _ in range(number)]
        if not landed and not taken:
            return []
        later: list[Job] = taken
        try:
            with sessions.begin() as session:
                deliveries.record(session, [future.result() for future in landed])
                claimed, later = self._start(session, taken, due)
        finally:
            self.waiting.extend(later)  # behind those whose channel is free
        return claimed

    def _start(
        self, session: Session, jobs: Sequence[Job], due: datetime
    ) -> tuple[list[Claimed], list[Job]]:
        """Claims the jobs that may start; returns them, and those that have to wait a moment."""
        now = self.now()
        ready, later = _within_limits(session, jobs, due, now)
        refused = admit(session, [(job.notification_id, job.target) for job in ready], now)
        moments = {
            job: refused[key]
            for job in ready
            if (key := (job.notification_id, job.target)) in refused
        }
        deliveries.defer(session, moments, due)
        ready = [job for job in ready if job not in moments]
        return deliveries.claim(session, ready, due, now), later

    def _hand_over(self, claimed: Claimed) -> Outcome:
        job = claimed.job
        message = Message(claimed.delivery_id, job.target.address, job.text)
        timeout = min(LONGEST_SEND, self.seconds_left)
        try:
            provider_id = job.target.channel.send(message, timeout=timeout)
        except FiscalError as error:
            outcome = deliveries.failure(claimed, error, self.now())
            self._heed(job.target.channel.name, error)
        except Exception as error:  # a defect of one channel must not stop the others
            log.exception("the channel %s has a defect", job.target.channel.name)
            in_doubt = DeliveryUnknown(type(error).__name__)
            outcome = deliveries.failure(claimed, in_doubt, self.now())
        else:
            return Outcome(
                claimed.delivery_id, claimed.attempt, "sent", provider_id, sent_at=self.now()
            )
        log.warning(
            "delivery %s by %s is %s: %s",
            claimed.delivery_id,
            job.target.channel.name,
            outcome.status,
            outcome.error_message,
            extra=dict(self.about.get(job.notification_id, {})),
        )
        return outcome

    def _heed(self, channel: str, error: FiscalError) -> None:
        """A provider that names a time to wait gets nothing from anybody until then."""
        if isinstance(error, RateLimited) and error.retry_after:
            until = self.now() + timedelta(seconds=error.retry_after)
            try:
                with self.sessions.begin() as session:
                    channel_limits.pause(session, channel, until)
            except SQLAlchemyError:  # how this message ended matters more
                log.warning("the pause of the channel %s could not be stored", channel)


def _within_limits(
    session: Session, jobs: Sequence[Job], due: datetime, now: datetime
) -> tuple[list[Job], list[Job]]:
    """Returns what the channels take now and what a moment later; puts off what takes longer."""
    ready: list[Job] = []
    later: list[Job] = []
    by_channel: dict[str, list[Job]] = {}
    for job in jobs:
        by_channel.setdefault(job.target.channel.name, []).append(job)
    for _, wanted in sorted(by_channel.items()):  # one order for all workers: they lock rows
        channel = wanted[0].target.channel
        number, free_at = channel_limits.reserve(session, channel, len(wanted), now)
        ready += wanted[:number]
        if free_at - now > channel_limits.PATIENCE:
            deliveries.defer(session, dict.fromkeys(wanted[number:], free_at), due, "rate_limited")
        else:
            later += wanted[number:]
    return ready, later
