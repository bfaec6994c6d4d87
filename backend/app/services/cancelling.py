"""Ending a run that is not wanted any more."""

from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.errors import NotFound, RunCancelled, WrongState
from app.infrastructure.db.models import Run
from app.services.operators import Operator, record_action

# Those that report progress, and so find out between two checkpoints that they are to stop.
STOPPABLE = frozenset({"sii.sync_documents", "sii.sync_f29", "sii.sync_f29_pdfs_missing"})


def cancel_run(session: Session, run_id: UUID, by: Operator) -> Run:
    """Ends a run that waits, and asks one that runs to stop at its next checkpoint.

    Its message is dropped when it comes. Raises NotFound; WrongState where the run has ended, is
    asked already, or runs and has no checkpoints.
    """
    run = session.scalar(select(Run).where(Run.id == run_id).with_for_update())
    if run is None:
        raise NotFound(f"There is no run {run_id}.")
    if run.finished_at is not None:
        raise WrongState(f"Run {run_id} has ended already; it is {run.state}.")
    if run.state == "running":
        _ask_to_stop(run)
    else:
        session.execute(update(Run).where(Run.id == run_id).values(_cancelled()))
    record_action(session, by, "run.cancel", run_id)
    session.flush()
    session.refresh(run)
    return run


def _ask_to_stop(run: Run) -> None:
    if run.task not in STOPPABLE:
        raise WrongState(f"Run {run.id} of {run.task} runs and cannot be cancelled any more.")
    if run.cancel_asked_at is not None:
        raise WrongState(f"Run {run.id} is asked already; it stops at its next checkpoint.")
    run.cancel_asked_at = func.clock_timestamp()


def end_cancelled(session: Session) -> None:
    """Ends the runs that were asked to stop and wait again: for their next try, or a worker."""
    waits = Run.state.in_(("queued", "retrying"))
    asked = Run.finished_at.is_(None) & Run.cancel_asked_at.is_not(None)
    session.execute(update(Run).where(waits, asked).values(_cancelled()))


def _cancelled() -> dict[str, Any]:
    error = RunCancelled()
    return {
        "state": "revoked",
        "finished_at": func.clock_timestamp(),
        "error_code": error.code,
        "error_kind": "permanent",
        "error_message": error.message,
    }
