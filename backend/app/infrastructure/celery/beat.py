"""Beat: entries in the database, one beat at a time.

The library has no lock and writes `beat_schedule` over the rows at each start. Here a lock in
Postgres makes a second beat wait, and a seed adds missing entries only, so that an operator's
edit or a disabled entry survives restarts.
"""

import logging
import os
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from celery import schedules
from celery.utils.time import maybe_make_aware
from sqlalchemy_celery_beat.models import PeriodicTask
from sqlalchemy_celery_beat.schedulers import DatabaseScheduler, ModelEntry, session_manager

from app.infrastructure.celery.heartbeat import HEARTBEAT, forget_former_life
from app.infrastructure.celery.outages import AWAY
from app.infrastructure.db.schema import libpq_url
from app.infrastructure.db.session import CONNECTION, get_session_factory
from app.services.due_entries import store_due_entries
from app.services.outbox import outbox_scope
from app.services.schedule import enqueue_scheduled
from app.settings import get_settings

logger = logging.getLogger(__name__)

_LOCK = 7_262_510_002  # any fixed number that is not the migration's
JITTER = timedelta(seconds=2)  # more than between two reckonings of the same moment


@dataclass(frozen=True)
class Entry:
    """One line of the schedule; `expires` in seconds, times of day in America/Santiago."""

    name: str
    task: str
    schedule: Any
    expires: int
    kwargs: dict[str, Any] = field(default_factory=dict)


# Daily entries stand between 02:00 and 21:00: the clock changes around midnight (docs).
SCHEDULE = (
    Entry(
        "notifications: send what is due",
        "notifications.process_pending",
        schedules.schedule(timedelta(minutes=5)),
        expires=240,  # the next one is as good, and two need not queue up
        kwargs={"batch": 500},  # about as many as go out in the seconds that a run sends
    ),
    Entry(
        "notifications: reminders of the calendar",
        "notifications.sync_calendar",
        schedules.schedule(timedelta(minutes=15)),
        expires=840,
    ),
    Entry(
        "notifications: templates of the day",
        "notifications.process_template_notification",
        schedules.crontab(minute="0", hour="9"),
        expires=10 * 3600,
        kwargs={"template_code": "daily"},
    ),
    Entry(
        "calendar: every company",
        "calendar.sync_all_companies",
        schedules.crontab(minute="0", hour="3"),
        expires=20 * 3600,  # caught up on the same day
    ),
    Entry(
        "sii: documents of all companies",
        "sii.sync_documents_all_companies",
        schedules.crontab(minute="0", hour="6"),
        expires=6 * 3600,
        kwargs={"months": 2},  # suppliers' documents arrive late: the last month is read again
    ),
    Entry(
        "sii: F29 of all companies, in the days after they are due",
        "sii.sync_f29_all_companies",
        schedules.crontab(minute="30", hour="7", day_of_month="13-28"),
        expires=6 * 3600,
    ),
    Entry(
        "sii: F29 of all companies, weekly in the other days",
        "sii.sync_f29_all_companies",
        schedules.crontab(minute="30", hour="7", day_of_week="1", day_of_month="1-12,29-31"),
        expires=6 * 3600,
    ),
    Entry(
        "sii: PDFs of F29 that are missing",
        "sii.sync_f29_pdfs_missing_all_companies",
        schedules.crontab(minute="15", hour="2,8,14,20"),
        expires=5 * 3600,
    ),
    Entry(
        "whatsapp: old sessions",
        "whatsapp.cleanup_old_sessions",
        schedules.schedule(timedelta(hours=1)),
        expires=1800,
    ),
    Entry(
        "system: runs without a message",
        "system.reconcile",
        schedules.schedule(timedelta(seconds=30)),
        expires=25,
    ),
    Entry(
        "celery.backend_cleanup",
        "celery.backend_cleanup",
        schedules.crontab(minute="0", hour="4"),
        expires=12 * 3600,
    ),
)


def seed_schedule(url: str) -> list[str]:
    """Adds the entries that the database at `url` lacks. Returns their names."""
    from app.infrastructure.celery import app

    _, open_session = session_manager.create_session(url, schema=None)
    with open_session() as session:
        known = {name for (name,) in session.query(PeriodicTask.name)}
    missing = [entry for entry in SCHEDULE if entry.name not in known]
    for entry in missing:
        ModelEntry.from_entry(
            entry.name,
            open_session,
            app=app,
            task=entry.task,
            schedule=entry.schedule,
            kwargs=entry.kwargs,
            options={"expire_seconds": entry.expires},
            # Without it an interval longer than beat's uptime would never come due.
            last_run_at=datetime.now(UTC),
        )
    return [entry.name for entry in missing]


class SingleBeatScheduler(DatabaseScheduler):
    """Waits for the lock before it reads the schedule, and ends when it loses the lock."""

    lock: psycopg.Connection[Any]
    told: Mapping[str, datetime] | None = None  # when entries are due, as last written
    # Celery's own waits for Redis before it fires anything; runs are recorded without Redis.
    producer = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        forget_former_life()  # before the library's first connection
        try:
            super().__init__(*args, dburi=get_settings().require("database_url"), **kwargs)
        except AWAY as error:
            reason = str(error).partition("\n")[0]  # the driver's own words
            logger.critical("Postgres does not answer; beat ends: %s", reason)
            sys.exit(1)

    def setup_schedule(self) -> None:
        """Waits for the lock. The rows are left alone: the `migrate` role has seeded them.

        Celery makes a second, lazy scheduler for its banner only and does not set that one up.
        """
        self.lock = _wait_for_lock(self.dburi)
        logger.info("beat: running, it holds the lock")

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Fires what is due. Ends the process where the lock's connection is gone."""
        try:
            self.lock.execute("SELECT 1")
        except psycopg.Error:
            logger.critical("Beat lost its lock in Postgres; it ends so that a fresh one waits.")
            sys.exit(1)
        HEARTBEAT.touch()
        pause = float(super().tick(*args, **kwargs))
        self._tell_when_due()
        return pause

    def _tell_when_due(self) -> None:
        """Writes down, where it has changed, when each entry is due next (docs/metrics.md)."""
        entries = (self._schedule or {}).values()
        due = {entry.name: _due_at(entry) for entry in entries if entry.model.enabled}
        if self.told is not None and _are_the_same(due, self.told):
            return
        try:
            with get_session_factory().begin() as session:
                store_due_entries(session, due)
        except AWAY:
            return  # the next tick finds the lock gone
        self.told = due

    def apply_entry(self, entry: ModelEntry, producer: Any = None) -> None:
        """Records the run of an entry that is due, then publishes it.

        Without Redis it waits in the ledger. Without Postgres beat ends at once, before it can
        write down that the entry has fired: the next beat finds it due.
        """
        from app.infrastructure.celery.publisher import CeleryPublisher

        if entry.args:  # an operator's own entry: the ledger knows arguments by name only
            super().apply_entry(entry, producer=producer)
            return
        try:
            with outbox_scope(get_session_factory(), CeleryPublisher()) as (session, outbox):
                run = enqueue_scheduled(
                    session,
                    outbox,
                    entry=entry.name,
                    last_run_at=entry.last_run_at,
                    task=entry.task,
                    kwargs=entry.kwargs,
                    queue=entry.options.get("queue"),
                    expires_at=_moment(entry.options.get("expires")),
                )
        except AWAY:
            logger.critical("Postgres does not answer; %s is not fired and beat ends.", entry.name)
            os._exit(1)
        about = {"run": str(run.id), "root": str(run.root_id), "task": run.task, "queue": run.queue}
        logger.info("beat: %s is due, run %s", entry.name, run.id, extra=about)
        self._tasks_since_sync += 1
        if self.should_sync():
            self._do_sync()


def _are_the_same(due: Mapping[str, datetime], told: Mapping[str, datetime]) -> bool:
    return due.keys() == told.keys() and all(
        abs(moment - told[entry]) < JITTER for entry, moment in due.items()
    )


def _due_at(entry: ModelEntry) -> datetime:
    last = entry.last_run_at.astimezone(entry.schedule.tz)  # whose hours a crontab means
    moment: datetime = datetime.now(UTC) + entry.schedule.remaining_estimate(last)
    opens: datetime = maybe_make_aware(entry.model.start_time or moment)
    # To the second: the clock has gone on between the two looks at it.
    return (max(moment, opens) + timedelta(milliseconds=500)).replace(microsecond=0)


def _moment(expires: float | datetime | None) -> datetime | None:
    """Returns when a run expires that may take `expires` seconds, or has to start by then."""
    if expires is None or isinstance(expires, datetime):
        return expires
    return datetime.now(UTC) + timedelta(seconds=expires)


def _wait_for_lock(url: str) -> psycopg.Connection[Any]:
    """Returns the connection that holds the lock; it lasts as long as the connection."""
    connection = psycopg.connect(libpq_url(url), autocommit=True, **CONNECTION)
    # Celery's handler would ask for the scheduler that is not there yet, and wait again.
    handler = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    waiting = False
    while not _holds_lock(connection):
        if not waiting:
            logger.warning("Another beat holds the lock; this one waits and fires nothing.")
            waiting = True
        HEARTBEAT.touch()  # waiting is healthy
        time.sleep(1)
    signal.signal(signal.SIGTERM, handler)
    return connection


def _holds_lock(connection: psycopg.Connection[Any]) -> bool:
    row = connection.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK]).fetchone()
    return bool(row and row[0])
