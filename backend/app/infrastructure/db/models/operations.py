"""What operators have done, and which queues they hold back."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Identity, func
from sqlalchemy.orm import Mapped, mapped_column

from app.infrastructure.db.models.base import Base


class PausedQueue(Base):
    """A queue from which no worker takes anything, for as long as its row is there."""

    __tablename__ = "paused_queues"

    queue: Mapped[str] = mapped_column(primary_key=True)
    paused_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    paused_by: Mapped[str]
    reason: Mapped[str | None]


class OperatorAction(Base):
    """One action, written in the transaction that did it. Never changed."""

    __tablename__ = "operator_actions"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    operator: Mapped[str]
    action: Mapped[
        str
    ]  # queue.pause, queue.resume, run.retry, run.cancel, schedule.run, sync.start
    target: Mapped[str]  # a queue, a run's id, an entry of the schedule, a company's id; no RUT
    run_id: Mapped[UUID | None]  # the run that it made
    reason: Mapped[str | None]
