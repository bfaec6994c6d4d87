"""Runs that beat asks for: one per entry and due time, and only the newest of those that wait."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.errors import InvalidInput, NotFound, WrongState
from app.infrastructure.db.models import DueEntry, Run
from app.services.operators import Operator, record_action
from app.services.outbox import Outbox
from app.services.runs import enqueue

_NAMESPACE = UUID("0f0d3f4e-9a55-4a3c-9c0e-2f5d8a7b6c11")  # any fixed one
_KEY = "beat:"  # then the entry's name, "@" and the firing


@dataclass(frozen=True)
class ScheduledEntry:
    """One entry of beat's schedule; `times` says in words when it fires."""

    name: str
    task: str
    times: str
    is_enabled: bool
    last_run_at: datetime | None
    kwargs: Mapping[str, Any]
    queue: str | None  # another one than the task's
    expires: timedelta | None  # how long its run is worth starting
    takes_positions: bool = False  # an operator's own, with arguments that the ledger cannot keep


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
        kwargs=dict(entry.kwargs),
        queue=entry.queue,
        expires_at=now + entry.expires if entry.expires else None,
    )
    record_action(session, by, "schedule.run", entry.name, run.id)
    return run


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


def due_times(session: Session) -> dict[str, datetime]:
    """Returns when each enabled entry is due next, as beat has reckoned."""
    return dict(session.execute(select(DueEntry.entry, DueEntry.due_at)).tuples().all())


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
