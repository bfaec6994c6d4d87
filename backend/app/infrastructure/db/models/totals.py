"""What is left of runs once their rows are gone, how the portal has answered them, and when beat is
next expected to act."""

from datetime import datetime

from sqlalchemy import Double, String
from sqlalchemy.orm import Mapped, mapped_column

from app.infrastructure.db.models.base import Base


class RunTotal(Base):
    """How many runs ended in a way, ever. Written by services/run_totals.py alone."""

    __tablename__ = "run_totals"

    queue: Mapped[str] = mapped_column(primary_key=True)
    task: Mapped[str] = mapped_column(primary_key=True)
    outcome: Mapped[str] = mapped_column(String(12), primary_key=True)  # a finished run's state
    error_code: Mapped[str] = mapped_column(primary_key=True)  # "" where none
    runs: Mapped[int]
    retries: Mapped[int]
    deaths: Mapped[int]


class RunTimeTotal(Base):
    """How many runs waited, or ran, at most `le` seconds and longer than the next smaller one."""

    __tablename__ = "run_time_totals"

    queue: Mapped[str] = mapped_column(primary_key=True)
    task: Mapped[str] = mapped_column(primary_key=True)
    phase: Mapped[str] = mapped_column(String(4), primary_key=True)  # wait, run
    le: Mapped[float] = mapped_column(Double, primary_key=True)  # s; Infinity is the last one
    runs: Mapped[int]
    seconds: Mapped[float] = mapped_column(Double)  # of all of them together


class PortalAnswer(Base):
    """How many answers of a kind a page of the portal gave, ever, within at most `le` seconds and
    longer than the next smaller one. Written by infrastructure/sii/tally.py alone."""

    __tablename__ = "portal_answers"

    page: Mapped[str] = mapped_column(String(16), primary_key=True)
    kind: Mapped[str] = mapped_column(String(32), primary_key=True)
    le: Mapped[float] = mapped_column(Double, primary_key=True)  # s; Infinity is the last one
    answers: Mapped[int]
    seconds: Mapped[float] = mapped_column(Double)  # of all of them together


class DueEntry(Base):
    """When an enabled entry of the schedule is due next, as beat has reckoned."""

    __tablename__ = "due_entries"

    entry: Mapped[str] = mapped_column(primary_key=True)
    due_at: Mapped[datetime]
