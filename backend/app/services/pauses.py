"""Pausing a queue: its row is the truth, and every worker looks at it (decision 28)."""

from collections.abc import Collection, Sequence

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.errors import InvalidInput, WrongState
from app.infrastructure.db.models import PausedQueue
from app.services.operators import Operator, record_action


def pause_queue(session: Session, queue: str, by: Operator, queues: Collection[str]) -> PausedQueue:
    """Holds a queue back: no worker begins any more of its runs, those that run go on.

    `queues` are those that exist. Raises InvalidInput, and WrongState where it is paused already.
    """
    _refuse_unknown(queue, queues)
    statement = (
        insert(PausedQueue)
        .values(queue=queue, paused_by=by.name, reason=by.reason)
        .on_conflict_do_nothing()
        .returning(PausedQueue)
    )
    paused = session.scalars(statement).one_or_none()
    if paused is None:
        raise WrongState(f"Queue {queue} is paused already; nothing was changed.")
    record_action(session, by, "queue.pause", queue)
    return paused


def resume_queue(session: Session, queue: str, by: Operator, queues: Collection[str]) -> None:
    """Lets a queue flow again. Raises InvalidInput, and WrongState where it is not paused."""
    _refuse_unknown(queue, queues)
    gone = delete(PausedQueue).where(PausedQueue.queue == queue).returning(PausedQueue.queue)
    if session.scalar(gone) is None:
        raise WrongState(f"Queue {queue} is not paused; nothing was changed.")
    record_action(session, by, "queue.resume", queue)


def list_pauses(session: Session) -> Sequence[PausedQueue]:
    """Returns the queues that are paused, by name."""
    return session.scalars(select(PausedQueue).order_by(PausedQueue.queue)).all()


def _refuse_unknown(queue: str, queues: Collection[str]) -> None:
    if queue not in queues:
        raise InvalidInput(f"{queue!r} is no queue; there are {', '.join(queues)}.", "queue")
