"""Runs: ask for one, look one up, tell how far one is."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.errors import NotFound, RunCancelled
from app.infrastructure.db.models import Run
from app.infrastructure.db.session import get_engine
from app.services.outbox import Outbox

Progress = Callable[[int, int, str], None]  # done, total, what is done now


def enqueue(
    session: Session,
    outbox: Outbox,
    *,
    task: str,
    kwargs: dict[str, Any],
    queue: str | None = None,
    company_id: UUID | None = None,
    dedupe_key: str | None = None,
    run_id: UUID | None = None,
    root_id: UUID | None = None,
    queued_at: datetime | None = None,
    expires_at: datetime | None = None,
) -> tuple[Run, bool]:
    """Records a run, whose message leaves once the caller's transaction has committed.

    An unfinished run with the same `dedupe_key`, or any run with the same `run_id`, is returned
    instead of a second one; the second value says whether the run is new. `queue` is another one
    than the task's. `queued_at` is the aware time that the caller has already drawn conclusions
    from; else now. After `expires_at`, aware, the run is not worth starting.
    """
    new_id = run_id or uuid4()
    asked_at = {"queued_at": queued_at} if queued_at else {}
    statement = (
        insert(Run)
        .values(
            id=new_id,
            root_id=root_id or new_id,
            task=task,
            queue=queue or outbox.publisher.queue_of(task),
            kwargs=kwargs,
            company_id=company_id,
            dedupe_key=dedupe_key,
            expires_at=expires_at,
            **asked_at,
        )
        .on_conflict_do_nothing()
        .returning(Run)
    )
    while True:
        run = session.scalars(statement).one_or_none()
        if run is not None:
            outbox.runs.append(run)
            return run, True
        existing = session.scalars(select(Run).where(_same(new_id, dedupe_key))).first()
        if existing is not None:
            return existing, False
        # It finished between the two statements, so its key is free again.


def _same(run_id: UUID, dedupe_key: str | None) -> ColumnElement[bool]:
    same_key = (Run.dedupe_key == dedupe_key) & Run.finished_at.is_(None)
    return or_(Run.id == run_id, same_key) if dedupe_key else Run.id == run_id


def find_run(session: Session, run_id: UUID) -> Run:
    """Returns the run. Raises NotFound."""
    run = session.get(Run, run_id)
    if run is None:
        raise NotFound(f"There is no run {run_id}.")
    return run


def report_progress(run_id: UUID, done: int, total: int, detail: str) -> None:
    """Shows how far a run is, at once and apart from the caller's transaction.

    Raises RunCancelled where the run is asked to stop and not done yet.
    """
    progress = {"done": done, "total": total, "detail": detail}
    statement = update(Run).where(Run.id == run_id).values(progress=progress)
    with get_engine().begin() as connection:
        asked_at = connection.scalar(statement.returning(Run.cancel_asked_at))
    if asked_at is not None and done < total:
        raise RunCancelled
