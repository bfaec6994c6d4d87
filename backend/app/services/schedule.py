"""Runs that beat asks for: one per entry and due time, and only the newest of those that wait."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.errors import WrongState
from app.infrastructure.db.models import Run
from app.services.operators import Operator, record_action
from app.services.outbox import Outbox
from app.services.runs import enqueue
from app.services.schedule_entries import ScheduledEntry

_NAMESPACE = UUID("0f0d3f4e-9a55-4a3c-9c0e-2f5d8a7b6c11")  # any fixed one
_KEY = "beat:"  # then the entry's name, "@" and the firing


def enqueue_scheduled(
    session: Session,
    outbox: Outbox,
    *,
    entry: str,
    last_run_at: datetime,
    task: str,
    kwargs: dict[str, Any],
    queue: str | None,
    expires_at: datetime | None,
) -> Run:
    """Records the run of an entry that is due, and takes the place of those that still wait.

    `last_run_at` tells one firing from the next: a beat that died after the commit fires again
    when it is back, and finds this run.
    """
    before = _prefix(entry)
    key = f"{before}{last_run_at.isoformat()}"
    session.execute(
        update(Run)
        .where(Run.state == "queued", func.starts_with(Run.dedupe_key, before))
        .where(Run.dedupe_key != key)
        .values(state="superseded", finished_at=func.clock_timestamp())
    )
    run, _ = enqueue(
        session,
        outbox,
        task=task,
        kwargs=kwargs,
        queue=queue,
        dedupe_key=key,
        run_id=uuid5(_NAMESPACE, key),
        expires_at=expires_at,
    )
    return run


def run_entry_now(
    session: Session, outbox: Outbox, entry: ScheduledEntry, by: Operator, now: datetime
) -> Run:
    """Records a run of an entry as if it were due; when it is due next stays as it is.

    A disabled entry runs, too. Raises WrongState where a run of the entry has not ended, and where
    beat alone can fire it.
    """
    if entry.takes_positions:
        raise WrongState(f"{entry.name} has arguments without names; only beat can run it.")
    other = unfinished_run_of(session, entry.name)
    if other is not None:
        raise WrongState(f"Run {other.id} of this entry has not ended; it is {other.state}.")
    run = enqueue_scheduled(
        session,
        outbox,
        entry=entry.name,
        last_run_at=now,
        task=entry.task,
        kwargs=dict(entry.kwargs or {}),
        queue=entry.queue,
        expires_at=now + entry.expires if entry.expires else None,
    )
    record_action(session, by, "schedule.run", entry.name, run.id)
    return run


def entry_of(dedupe_key: str | None) -> str | None:
    """Returns the entry whose run has this key, None where it is no entry's."""
    if dedupe_key is None or not dedupe_key.startswith(_KEY):
        return None
    return dedupe_key.removeprefix(_KEY).rpartition("@")[0]


def unfinished_run_of(session: Session, entry: str) -> Run | None:
    """Returns the newest run of an entry that has not ended."""
    mine = (Run.finished_at.is_(None), func.starts_with(Run.dedupe_key, _prefix(entry)))
    return session.scalars(select(Run).where(*mine).order_by(Run.queued_at.desc())).first()


def _prefix(entry: str) -> str:
    return f"{_KEY}{entry}@"
