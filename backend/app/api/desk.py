"""What the routers work with: one desk per app, which reads, writes and starts runs in time."""

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request
from sqlalchemy.orm import Session

from app.api.execution import Deadline, ThreadSlots
from app.api.readiness import Readiness
from app.errors import DatabaseUnavailable, QueueUnavailable
from app.infrastructure.db.models import Run
from app.infrastructure.db.session import session_scope
from app.services.companies import Encrypts
from app.services.runs import Publisher

T = TypeVar("T")

START_SECONDS = 1.5  # a start answers within 2 s, whatever is down
PROBE_SECONDS = 0.8  # of these, at most, to learn whether anything is down
COMMIT_SECONDS = 0.2  # what a commit may need: it does not begin any later
ANSWER_SECONDS = 3.0  # everything else

# Two groups, so that starts which hang never take the slots of those who only read. Together at
# most what the engine lends (infrastructure/db/session.py).
READERS = 8
STARTERS = 4


class Desk:
    """Holds the slots, the probes and the ports of one app. `publisher` and `cipher` make theirs
    on first use."""

    def __init__(
        self,
        readiness: Readiness,
        publisher: Callable[[], Publisher],
        cipher: Callable[[], Encrypts],
    ) -> None:
        self.readiness = readiness
        self.publisher = publisher
        self.cipher = cipher
        self._readers = ThreadSlots(READERS)
        self._starters = ThreadSlots(STARTERS)

    async def transact(self, work: Callable[[Session], T]) -> T:
        """Runs `work` in a transaction of its own; rolls back what comes too late.

        Raises the work's errors, DatabaseUnavailable.
        """
        deadline = Deadline(ANSWER_SECONDS)
        return await self._readers.run(lambda: _transact(work, deadline), deadline)

    async def start(self, work: Callable[[Session, Publisher], T]) -> T:
        """Runs `work`, which enqueues runs, and leaves nothing behind unless it is in time.

        Raises the work's errors, QueueUnavailable, DatabaseUnavailable.
        """
        deadline = Deadline(START_SECONDS)
        await self.readiness.require(PROBE_SECONDS)

        def in_time(session: Session) -> T:
            return work(session, PunctualPublisher(self.publisher(), deadline))

        return await self._starters.run(lambda: _transact(in_time, deadline), deadline)


class PunctualPublisher:
    """Publishes only while somebody still waits for it."""

    def __init__(self, publisher: Publisher, deadline: Deadline) -> None:
        self._publisher = publisher
        self._deadline = deadline

    def publish(self, run: Run, kwargs: dict[str, Any]) -> str | None:
        """Returns the queue's name. Raises QueueUnavailable, and the deadline's error."""
        self._deadline.check(COMMIT_SECONDS)
        self._deadline.waiting_for = QueueUnavailable
        queue = self._publisher.publish(run, kwargs)
        self._deadline.waiting_for = DatabaseUnavailable
        return queue


def _transact(work: Callable[[Session], T], deadline: Deadline) -> T:
    with session_scope() as session:
        result = work(session)
        deadline.check(COMMIT_SECONDS)  # the caller was told 503, or is about to be
        return result


async def _desk(request: Request) -> Desk:  # a plain function would cost a thread
    desk: Desk = request.app.state.desk
    return desk


DeskOf = Annotated[Desk, Depends(_desk)]
