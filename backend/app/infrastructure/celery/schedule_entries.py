"""Reads beat's entries, which the library keeps in tables of its own."""

import json
from datetime import timedelta
from typing import Any

from sqlalchemy_celery_beat.models import PeriodicTask
from sqlalchemy_celery_beat.schedulers import session_manager

from app.services.schedule import ScheduledEntry
from app.settings import get_settings

CHILES = " (m/h/dM/MY/d) America/Santiago"  # what the library adds to a crontab


def read_entries() -> list[ScheduledEntry]:
    """Returns every entry of the schedule by name. Raises SQLAlchemy's errors."""
    url = get_settings().require("database_url")
    _, open_session = session_manager.create_session(url, schema=None)
    with open_session() as session:
        return [_described(row) for row in session.query(PeriodicTask).order_by(PeriodicTask.name)]


def _described(row: Any) -> ScheduledEntry:
    return ScheduledEntry(
        name=row.name,
        task=row.task,
        times=str(row.schedule_model).removesuffix(CHILES),
        is_enabled=row.enabled,
        last_run_at=row.last_run_at,
        kwargs=json.loads(row.kwargs or "{}"),
        queue=row.queue,
        expires=timedelta(seconds=row.expire_seconds) if row.expire_seconds else None,
        takes_positions=bool(json.loads(row.args or "[]")),
    )
