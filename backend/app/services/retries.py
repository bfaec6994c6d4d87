"""Asking again for what a failed run was asked for."""

from datetime import datetime
from uuid import UUID, uuid5

from sqlalchemy.orm import Session

from app.domain.periods import current_period
from app.errors import WrongState
from app.infrastructure.db.models import Run
from app.services import document_fan_out
from app.services.operators import Operator, record_action
from app.services.outbox import Outbox
from app.services.runs import enqueue, find_run
from app.services.schedule import entry_of, unfinished_run_of


def retry_run(session: Session, outbox: Outbox, run_id: UUID, by: Operator, now: datetime) -> Run:
    """Asks again for what a failed run was asked for; returns the new run.

    A run that has ended stays as it is. The new one has its arguments, its key, and the run or
    onboarding that caused it; a sync of documents means the same months as before. A run can be
    retried once, its retry again. Raises NotFound; WrongState where it has not failed, where it was
    retried, and where another run with its key, or of its entry of the schedule, is unfinished.
    """
    failed = find_run(session, run_id)
    if failed.state != "failed" or failed.task is None:
        raise WrongState(f"Run {run_id} is {failed.state}; only a failed run can be retried.")
    entry = entry_of(failed.dedupe_key)
    other = unfinished_run_of(session, entry) if entry else None
    run, is_new = (other, False) if other else _ask_again(session, outbox, failed, now)
    if not is_new:
        raise WrongState(f"Run {run.id} stands for it already; it is {run.state}.")
    record_action(session, by, "run.retry", run_id, run.id)
    return run


def _ask_again(session: Session, outbox: Outbox, failed: Run, now: datetime) -> tuple[Run, bool]:
    once = uuid5(failed.id, "retry")
    kwargs = failed.kwargs or {}
    if failed.task == document_fan_out.TASK and failed.company_id:
        return document_fan_out.enqueue_sync(
            session,
            outbox,
            failed.company_id,
            months=kwargs.get("months", 1),
            now=now,
            month_offset=kwargs.get("month_offset", 0) + _months_between(failed.queued_at, now),
            run_id=once,
            root_id=failed.root_id,
        )
    return enqueue(
        session,
        outbox,
        task=failed.task or "",
        kwargs=kwargs,
        queue=failed.queue,
        company_id=failed.company_id,
        dedupe_key=failed.dedupe_key,
        run_id=once,
        root_id=failed.root_id,
    )


def _months_between(earlier: datetime, later: datetime) -> int:
    first, last = current_period(earlier), current_period(later)
    return (last.year - first.year) * 12 + last.month - first.month
