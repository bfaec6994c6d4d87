"""What the operations page shows of the ledger. Each question costs no more than it shows: it is
bounded, and an index answers it however many runs there are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select, text
from sqlalchemy.orm import Session

from app.infrastructure.db.models import Company, Run

HOUR = timedelta(hours=1)
RECONCILE = "system.reconcile"  # two a minute: shown only where it fails


@dataclass(frozen=True)
class RunLine:
    """One run as the page shows it; all times aware."""

    id: UUID
    task: str
    queue: str
    company: str | None
    state: str
    worker: str | None
    progress: Mapping[str, Any] | None
    retries: int
    error_code: str | None
    error_kind: str | None
    error_message: str | None
    queued_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True)
class Wait:
    """How long the runs waited that were asked for in one minute, or in the whole hour.

    `minute` counts from the hour's beginning, 0 to 59; None is the hour. Times in seconds; a run
    that still waits has waited up to now.
    """

    queue: str
    minute: int | None
    runs: int
    median: float
    p95: float


def read_running(session: Session, limit: int) -> Sequence[RunLine]:
    """Returns the runs that workers have, those that began first in front."""
    mine = (Run.finished_at.is_(None), Run.state == "running", Run.task.is_distinct_from(RECONCILE))
    return _read(session, _lines(*mine).order_by(Run.started_at, Run.id).limit(limit))


def read_waiting(session: Session, limit: int) -> Sequence[RunLine]:
    """Returns the runs that wait for a worker or for their next try, the oldest in front."""
    waits = Run.state.in_(("queued", "retrying"))
    mine = (Run.finished_at.is_(None), waits, Run.task.is_distinct_from(RECONCILE))
    return _read(session, _lines(*mine).order_by(Run.queued_at, Run.id).limit(limit))


def read_failures(session: Session, limit: int) -> Sequence[RunLine]:
    """Returns the runs that failed last, newest first."""
    mine = (Run.finished_at.is_not(None), Run.error_code.is_not(None), Run.state == "failed")
    return _read(session, _lines(*mine).order_by(Run.finished_at.desc()).limit(limit))


def read_waits(session: Session, since: datetime) -> Sequence[Wait]:
    """Returns the waits of the hour from `since` on, by queue, for each minute and in all.

    A run counts in the minute in which it was asked for: a queue that stands still shows at once.
    """
    return [
        Wait(
            queue,
            None if begun is None else int((begun - since).total_seconds() // 60),
            runs,
            *(waited.total_seconds() for waited in percentiles),
        )
        for queue, begun, runs, percentiles in session.execute(_WAITS, {"since": since})
    ]


# Of intervals, which sort faster than what `extract` makes of them.
_WAITS = text("""
    SELECT queue, minute, count(*),
        percentile_disc(ARRAY[0.5, 0.95]::float8[]) WITHIN GROUP (ORDER BY waited)
    FROM (
        SELECT coalesce(queue, '') AS queue,
            date_bin('1 min', queued_at, :since) AS minute,
            greatest(
                coalesce(first_started_at, clock_timestamp()) - queued_at, interval '0'
            ) AS waited
        FROM runs
        WHERE queued_at >= :since AND queued_at < :since + interval '1 h'
            AND (first_started_at IS NOT NULL OR finished_at IS NULL)
    ) AS waits
    GROUP BY GROUPING SETS ((queue), (queue, minute))
""")


def _lines(*conditions: ColumnElement[bool]) -> Select[Any]:
    return (
        select(
            Run.id,
            func.coalesce(Run.task, ""),
            func.coalesce(Run.queue, ""),
            Company.business_name,
            Run.state,
            Run.worker,
            Run.progress,
            Run.retries,
            Run.error_code,
            Run.error_kind,
            func.left(Run.error_message, 500),
            Run.queued_at,
            Run.started_at,
            Run.finished_at,
        )
        .outerjoin(Company, Company.id == Run.company_id)
        .where(*conditions)
    )


def _read(session: Session, statement: Select[Any]) -> Sequence[RunLine]:
    return [RunLine(*row) for row in session.execute(statement)]
