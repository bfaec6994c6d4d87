"""What the operations page shows of the ledger. Each question costs no more than it shows: it is
bounded, and an index answers it however many runs there are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select, text
from sqlalchemy.orm import Session

from app.infrastructure.db.models import Company, DueEntry, Run

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


@dataclass(frozen=True)
class Entry:
    """One entry of beat's schedule; `every` in seconds, or else `crontab` in Chile's time."""

    name: str
    task: str
    is_enabled: bool
    every: float | None
    crontab: tuple[str, ...] | None  # minute, hour, day of month, month, day of week
    last_run_at: datetime | None
    due_at: datetime | None

    @property
    def is_daily(self) -> bool:
        """Whether it fires once each day."""
        if self.crontab is None or not all(part.isdecimal() for part in self.crontab[:2]):
            return False
        return self.crontab[2:] == ("*", "*", "*")


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


def read_schedule(session: Session) -> Sequence[Entry]:
    """Returns beat's entries, those due next in front; none before the schedule was seeded."""
    if session.scalar(select(func.to_regclass("celery_periodictask"))) is None:
        return []
    due = dict(session.execute(select(DueEntry.entry, DueEntry.due_at)).tuples().all())
    entries = [
        Entry(
            name=row.name,
            task=row.task,
            is_enabled=row.enabled,
            every=row.seconds,
            crontab=None if row.minute is None else tuple(row[5:10]),
            last_run_at=row.last_run_at,
            due_at=due.get(row.name) if row.enabled else None,
        )
        for row in session.execute(_SCHEDULE)
    ]
    return sorted(entries, key=lambda one: (one.due_at is None, one.due_at, one.name))


# The library's own tables, by which beat goes. Its models would ask once per entry.
_SCHEDULE = text("""
    SELECT entry.name, entry.task, entry.enabled, entry.last_run_at,
        (interval.every * CASE interval.period
            WHEN 'days' THEN 86400 WHEN 'hours' THEN 3600 WHEN 'minutes' THEN 60
            WHEN 'seconds' THEN 1 ELSE 0.000001 END)::float8 AS seconds,
        crontab.minute, crontab.hour, crontab.day_of_month, crontab.month_of_year,
        crontab.day_of_week
    FROM celery_periodictask AS entry
    LEFT JOIN celery_intervalschedule AS interval
        ON entry.discriminator = 'intervalschedule' AND interval.id = entry.schedule_id
    LEFT JOIN celery_crontabschedule AS crontab
        ON entry.discriminator = 'crontabschedule' AND crontab.id = entry.schedule_id
    LIMIT 200
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
