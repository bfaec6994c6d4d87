"""Beat: entries in the database, one beat at a time.

The library has no lock and writes `beat_schedule` over the rows at each start. Here a lock in
Postgres makes a second beat wait, and a seed adds missing entries only, so that an operator's
edit or a disabled entry survives restarts.
"""

import logging
import signal
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from celery import schedules
from sqlalchemy_celery_beat.models import PeriodicTask
from sqlalchemy_celery_beat.schedulers import DatabaseScheduler, ModelEntry, session_manager

from app.infrastructure.celery.heartbeat import HEARTBEAT, forget_former_life
from app.infrastructure.db.schema import libpq_url
from app.infrastructure.db.session import CONNECTION
from app.settings import get_settings

logger = logging.getLogger(__name__)

_LOCK = 7_262_510_002  # any fixed number that is not the migration's


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
    ),
    Entry(
        "sii: documents of all companies",
        "sii.sync_documents_all_companies",
        schedules.crontab(minute="0", hour="6"),
        expires=6 * 3600,
        kwargs={"months": 2},  # suppliers' documents arrive late: the last month is read again
    ),
    Entry(
        "whatsapp: old sessions",
        "whatsapp.cleanup_old_sessions",
        schedules.schedule(timedelta(hours=1)),
        expires=1800,
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

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        forget_former_life()  # before the library's first connection
        super().__init__(*args, dburi=get_settings().require("database_url"), **kwargs)

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
        return float(super().tick(*args, **kwargs))


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
