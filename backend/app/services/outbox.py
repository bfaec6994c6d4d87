"""The outbox: a run's row is committed first, its message leaves afterwards.

So a run that somebody was promised exists whatever becomes of Redis, and a message never speaks of
a run that does not. What could not be published `system.reconcile` publishes later.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from sqlalchemy.orm import Session, sessionmaker

from app.errors import QueueUnavailable
from app.infrastructure.db.models import Run

log = logging.getLogger(__name__)


class Publisher(Protocol):
    """Puts a run's message into its queue."""

    def queue_of(self, task: str) -> str:
        """Returns the name of the queue that a task belongs to."""

    def publish(self, run: Run) -> None:
        """Publishes the message of a committed row. Raises QueueUnavailable."""


class Outbox:
    """The runs of one transaction that are to be published once it has committed."""

    def __init__(self, publisher: Publisher) -> None:
        self.publisher = publisher
        self.runs: list[Run] = []

    def flush(self) -> None:
        """Publishes them; where Redis does not answer the rest is left to `system.reconcile`."""
        for number, run in enumerate(self.runs):
            try:
                self.publisher.publish(run)
            except QueueUnavailable as error:
                left = len(self.runs) - number
                log.warning("%d runs are published later: %s", left, error.message)
                break
        self.runs.clear()


@contextmanager
def outbox_scope(
    sessions: sessionmaker[Session], publisher: Publisher
) -> Iterator[tuple[Session, Outbox]]:
    """Yields a session and its outbox; commits, then publishes. An error does neither."""
    outbox = Outbox(publisher)
    with sessions.begin() as session:
        yield session, outbox
    outbox.flush()
