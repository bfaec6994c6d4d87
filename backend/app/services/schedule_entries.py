"""Beat's entries, read from the tables that its library keeps."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.errors import InvalidInput, NotFound
from app.infrastructure.db.models import DueEntry


@dataclass(frozen=True)
class ScheduledEntry:
    """One entry of beat's schedule. It fires after each `every`, or else by its `crontab`."""

    name: str
    task: str
    is_enabled: bool = True
    every: timedelta | None = None
    crontab: tuple[str, ...] | None = None  # minute, hour, day of month, month, weekday; Chile's
    last_run_at: datetime | None = None
    due_at: datetime | None = None  # as beat has reckoned; None for what is disabled
    kwargs: Mapping[str, Any] | None = None
    queue: str | None = None  # another one than the task's
    expires: timedelta | None = None  # how long its run is worth starting
    takes_positions: bool = False  # an operator's own, with arguments that the ledger cannot keep

    @property
    def times(self) -> str:
        """Says when it fires: `every 0:05:00`, or the five parts of a crontab."""
        return f"every {self.every}" if self.every else " ".join(self.crontab or ("by", "beat"))

    @property
    def is_daily(self) -> bool:
        """Whether it fires once each day."""
        if self.crontab is None or not all(part.isdecimal() for part in self.crontab[:2]):
            return False
        return self.crontab[2:] == ("*", "*", "*")


def read_schedule(session: Session) -> Sequence[ScheduledEntry]:
    """Returns beat's entries, those due next in front; none before the schedule was seeded."""
    if session.scalar(select(func.to_regclass("celery_periodictask"))) is None:
        return []
    due = dict(session.execute(select(DueEntry.entry, DueEntry.due_at)).tuples().all())
    entries = [
        ScheduledEntry(
            name=row.name,
            task=row.task,
            is_enabled=row.enabled,
            every=row.every,
            crontab=tuple(row.crontab) if row.crontab else None,
            last_run_at=row.last_run_at,
            due_at=due.get(row.name) if row.enabled else None,
            kwargs=json.loads(row.kwargs or "{}"),
            queue=row.queue,
            expires=timedelta(seconds=row.expire_seconds) if row.expire_seconds else None,
            takes_positions=bool(json.loads(row.args or "[]")),
        )
        for row in session.execute(_ENTRIES)
    ]
    return sorted(entries, key=lambda one: (one.due_at is None, one.due_at, one.name))


# The library's models would ask once per entry.
_ENTRIES = text("""
    SELECT entry.name, entry.task, entry.enabled, entry.last_run_at,
        entry.args, entry.kwargs, entry.queue, entry.expire_seconds,
        interval.every * CAST('1 ' || interval.period::text AS interval) AS every,
        CASE WHEN crontab.id IS NOT NULL THEN ARRAY[crontab.minute, crontab.hour,
            crontab.day_of_month, crontab.month_of_year, crontab.day_of_week] END AS crontab
    FROM celery_periodictask AS entry
    LEFT JOIN celery_intervalschedule AS interval
        ON entry.discriminator = 'intervalschedule' AND interval.id = entry.schedule_id
    LEFT JOIN celery_crontabschedule AS crontab
        ON entry.discriminator = 'crontabschedule' AND crontab.id = entry.schedule_id
    LIMIT 200
""")


def find_entry(entries: Sequence[ScheduledEntry], text: str) -> ScheduledEntry:
    """Returns the entry whose name, task, or unmistakable part of the name `text` is.

    Raises NotFound, and InvalidInput where it fits several.
    """
    exact = [entry for entry in entries if text == entry.name]
    part = text.casefold()
    found = exact or [e for e in entries if part == e.task or part in e.name.casefold()]
    if not found:
        raise NotFound(f"There is no entry {text!r} in the schedule; `fiscal schedule` lists them.")
    if len(found) > 1:
        names = "; ".join(entry.name for entry in found)
        raise InvalidInput(f"{text!r} fits {len(found)} entries: {names}.", "entry")
    return found[0]
