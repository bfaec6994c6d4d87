"""Runs: one row per execution of a task."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, SmallInteger, String, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.infrastructure.db.models.base import Base


class Run(Base):
    """One execution of a task, from its request to its end. Celery's result store (ledger.py)."""

    __tablename__ = "runs"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    root_id: Mapped[UUID | None]  # the run that caused this one; its own id where none did
    task: Mapped[str | None] = mapped_column(index=True)
    queue: Mapped[str | None]
    worker: Mapped[str | None]  # node name, e.g. fast@3f2a
    company_id: Mapped[UUID | None] = mapped_column(index=True)
    kwargs: Mapped[dict[str, Any] | None]  # never a secret: ids and numbers only
    dedupe_key: Mapped[str | None]  # unique among the unfinished runs
    state: Mapped[str] = mapped_column(String(12), default="queued")
    # queued, running, retrying; then succeeded, failed, revoked, expired, superseded
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default="0")  # starts; the fence
    crashes: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    # starts in a row that ended with the death of their worker (services/attempts.py)
    retries: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    deaths: Mapped[int] = mapped_column(SmallInteger, server_default="0")  # of workers, in all
    progress: Mapped[dict[str, Any] | None]  # {"done": 3, "total": 8, "detail": "2026-10 sale"}
    result: Mapped[Any | None] = mapped_column(JSONB)
    error_code: Mapped[str | None]
    error_kind: Mapped[str | None] = mapped_column(String(9))  # transient or permanent
    error_message: Mapped[str | None]
    expires_at: Mapped[datetime | None]  # not worth starting any later
    cancel_asked_at: Mapped[datetime | None]  # it stops where it next reports progress
    queued_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    started_at: Mapped[datetime | None]
    first_started_at: Mapped[datetime | None]  # up to it the run waited
    finished_at: Mapped[datetime | None]
    counted: Mapped[bool] = mapped_column(server_default=text("false"))
    # its totals are kept (services/run_totals.py): its row may go

    __table_args__ = (
        Index(
            "uq_runs_dedupe_key_unfinished",
            "dedupe_key",
            unique=True,
            postgresql_where=text("finished_at IS NULL"),
        ),
        Index("ix_runs_queued_at", "queued_at"),
        Index("ix_runs_unfinished", "queued_at", postgresql_where=text("finished_at IS NULL")),
        Index(
            "ix_runs_uncounted",
            "finished_at",
            postgresql_where=text("finished_at IS NOT NULL AND NOT counted"),
        ),
        # By the error, not the state: an index that names the state would make each start of a run
        # write all indexes anew.
        Index(
            "ix_runs_failed",
            "finished_at",
            postgresql_where=text("finished_at IS NOT NULL AND error_code IS NOT NULL"),
        ),
    )
