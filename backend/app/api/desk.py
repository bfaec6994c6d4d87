"""What the routers work with: one desk per app, which reads, writes and starts runs in time."""

import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Annotated, TypeVar

from fastapi import Depends, Request
from sqlalchemy.orm import Session

from app.api.execution import Deadline, ThreadSlots
from app.api.readiness import Readiness
from app.errors import DatabaseUnavailable, PdfStoreUnavailable, QueueUnavailable
from app.infrastructure.db.models import Run
from app.infrastructure.db.session import session_scope
from app.services.companies import Encrypts
from app.services.outbox import Outbox, Publisher
from app.services.pdf_storage import PdfStores

T = TypeVar("T")

logger = logging.getLogger(__name__)

START_SECONDS = 1.5  # a start answers within 2 s, whatever is down
PROBE_SECONDS = 0.8  # of these, at most, to learn whether anything is down
COMMIT_SECONDS = 0.2  # what a commit may need: it does not begin any later
ANSWER_SECONDS = 3.0  # everything else

# Groups of their own, so that starts which hang never take the slots of those who only read, and
# a Redis that hangs never those of starts, a store of PDFs that hangs nobody's. Readers and
# starters together are at most what the engine lends (infrastructure/db/session.py); who
# publishes, fetches or looks into Redis needs no connection.
READERS = 8
STARTERS = 4
LOOKERS = 2


class Desk:
    """Holds the slots, the probes and the ports of one app. `publisher`, `cipher` and
    `pdf_stores` make theirs on first use."""

    def __init__(
        self,
        readiness: Readiness,
        publisher: Callable[[], Publisher],
        cipher: Callable[[], Encrypts],
        pdf_stores: Callable[[], PdfStores] = PdfStores,
    ) -> None:
        self.readiness = readiness
        self.publisher = publisher
        self.cipher = cipher
        self.pdf_stores = pdf_stores
        self._readers = ThreadSlots(READERS)
        self._starters = ThreadSlots(STARTERS)
        self._publishers = ThreadSlots(STARTERS)
        self._fetchers = ThreadSlots(STARTERS)
        self._lookers = ThreadSlots(LOOKERS)

    async def transact(self, work: Callable[[Session], T]) -> T:
        """Runs `work` in a transaction of its own; rolls back what comes too late.

        Raises the work's errors, DatabaseUnavailable.
        """
        deadline = Deadline(ANSWER_SECONDS)
        return await self._readers.run(lambda: _transact(work, deadline), deadline)

    async def fetch(self, work: Callable[[], T]) -> T:
        """Runs `work`, which reads a store of PDFs; no transaction is open meanwhile.

        Raises the work's errors, PdfStoreUnavailable.
        """
        deadline = Deadline(ANSWER_SECONDS)
        deadline.waiting_for = PdfStoreUnavailable
        return await self._fetchers.run(work, deadline)

    async def look(self, work: Callable[[], T]) -> T:
        """Runs `work`, which asks Redis what waits and who works.

        Raises the work's errors, QueueUnavailable.
        """
        deadline = Deadline(ANSWER_SECONDS)
        deadline.waiting_for = QueueUnavailable
        return await self._lookers.run(work, deadline)

    async def start(self, work: Callable[[Session, Outbox], T]) -> T:
        """Runs `work`, which enqueues runs, and publishes them; leaves nothing behind unless it is
        committed in time. What Redis does not take in time is published later, by itself.

        Raises the work's errors, DatabaseUnavailable.
        """
        deadline = Deadline(START_SECONDS)
        answering = await self.readiness.answering(PROBE_SECONDS)
        if not answering["postgres"]:
            raise DatabaseUnavailable
        outbox = Outbox(self.publisher())
        result = await self._starters.run(
            lambda: _transact(lambda session: work(session, outbox), deadline), deadline
        )
        for run in outbox.runs:
            _log_asked(run)
        if answering["redis"]:
            deadline.waiting_for = QueueUnavailable
            with suppress(QueueUnavailable):
                await self._publishers.run(outbox.flush, deadline)
        return result


def _transact(work: Callable[[Session], T], deadline: Deadline) -> T:
    with session_scope() as session:
        result = work(session)
        deadline.check(COMMIT_SECONDS)  # the caller was told 503, or is about to be
        return result


def _log_asked(run: Run) -> None:
    about = {
        "run": str(run.id),
        "root": str(run.root_id),
        "task": run.task,
        "queue": run.queue,
        "company": str(run.company_id) if run.company_id else None,
    }
    logger.info("Task %s[%s] asked for", run.task, run.id, extra=about)


async def _desk(request: Request) -> Desk:  # a plain function would cost a thread
    desk: Desk = request.app.state.desk
    return desk


DeskOf = Annotated[Desk, Depends(_desk)]
