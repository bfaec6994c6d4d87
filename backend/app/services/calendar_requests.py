"""Asks for a sync of calendars after somebody has changed what they follow from."""

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.infrastructure.db.models import Run
from app.services.outbox import Outbox
from app.services.runs import enqueue

SYNC = "calendar.sync_company"
SYNC_ALL = "calendar.sync_all_companies"


def sync_key(company_id: UUID) -> str:
    """Returns the dedupe key of a company's sync."""
    return f"{SYNC}:{company_id}"


def request_sync(session: Session, outbox: Outbox, company_id: UUID) -> Run:
    """Returns a run that will see this transaction's changes of one company."""
    kwargs = {"company_id": str(company_id)}
    return _request(session, outbox, SYNC, kwargs, sync_key(company_id), company_id)


def request_sync_of_all(session: Session, outbox: Outbox) -> Run:
    """Returns a run that will see this transaction's changes, and syncs every company again."""
    return _request(session, outbox, SYNC_ALL, {"again": True}, f"{SYNC_ALL}:again", None)


def _request(
    session: Session,
    outbox: Outbox,
    task: str,
    kwargs: dict[str, Any],
    key: str,
    company_id: UUID | None,
) -> Run:
    """A run that has begun may have read what was there before, so only one that waits will do.

    The lock on its row keeps it from beginning until this transaction has committed.
    """
    while True:
        run, is_new = enqueue(
            session, outbox, task=task, kwargs=kwargs, company_id=company_id, dedupe_key=key
        )
        if is_new or _waits(session, run.id):
            return run
        key = f"{key.partition('|')[0]}|after {run.id}"


def _waits(session: Session, run_id: UUID) -> bool:
    statement = select(Run.id).where(Run.id == run_id, Run.attempts == 0, Run.finished_at.is_(None))
    return session.scalar(statement.with_for_update()) is not None
