"""Starts syncs of documents: one, or one per company."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from app.domain.periods import current_period
from app.infrastructure.db.models import Company, Run
from app.services.document_sync import check_range
from app.services.outbox import Outbox
from app.services.runs import enqueue
from app.services.sii_logins import is_usable

TASK = "sii.sync_documents"
_NAMESPACE = UUID("6b4f0f39-4a53-4c0f-8d5e-1d9b5f6c7a10")  # any fixed one


def enqueue_sync(
    session: Session,
    outbox: Outbox,
    company_id: UUID,
    *,
    months: int,
    now: datetime,
    month_offset: int | None = None,
    run_id: UUID | None = None,
    root_id: UUID | None = None,
) -> tuple[Run, bool]:
    """Enqueues a sync, or returns the unfinished one of the same company and periods.

    The run counts its months from `now`, as its key does; `month_offset` None leaves the task's
    own default. The second value says whether the run is new.
    """
    kwargs: dict[str, Any] = {"company_id": str(company_id), "months": months}
    if month_offset is not None:
        kwargs["month_offset"] = month_offset
    return enqueue(
        session,
        outbox,
        task=TASK,
        kwargs=kwargs,
        company_id=company_id,
        dedupe_key=sync_key(company_id, months, now, month_offset or 0),
        run_id=run_id,
        root_id=root_id,
        queued_at=now,
    )


def sync_key(company_id: UUID, months: int, now: datetime, month_offset: int = 0) -> str:
    """Returns the dedupe key of a sync of the `months` periods up to `month_offset` months ago."""
    return f"{TASK}:{company_id}:{current_period(now).shift(-month_offset)}:{months}"


def sync_documents_all_companies(
    session: Session,
    outbox: Outbox,
    *,
    run_id: UUID,
    months: int = 1,
    now: datetime | None = None,
) -> dict[str, Any]:
    """Enqueues one run per active company whose credential may be tried; never waits for them.

    Asked again in the same hour it finds the same runs, finished or not, and starts none twice.

    Raises InvalidInput.
    """
    check_range(months)
    now = now or datetime.now(UTC)
    statement = select(Company).where(Company.is_active).order_by(Company.rut)
    companies = session.scalars(statement.options(selectinload(Company.credential))).all()
    results = [
        _start(session, outbox, company, run_id, months, now)
        if is_usable(company.credential, now)
        else {"company_id": str(company.id), "state": "skipped", "run_id": None}
        for company in companies
    ]
    queued = sum(result["state"] == "queued" for result in results)
    return {
        "total": len(results),
        "queued": queued,
        "failed": 0,  # one that fails fails them all, as a typed error
        "skipped": len(results) - queued,
        "results": results,
    }


def _start(
    session: Session,
    outbox: Outbox,
    company: Company,
    run_id: UUID,
    months: int,
    now: datetime,
) -> dict[str, Any]:
    key = sync_key(company.id, months, now)
    run, is_new = enqueue_sync(
        session,
        outbox,
        company.id,
        months=months,
        now=now,
        run_id=uuid5(_NAMESPACE, f"{key}:{now.astimezone(UTC):%Y-%m-%dT%H}"),
        root_id=run_id,
    )
    state = "queued" if is_new else "already_started"
    return {"company_id": str(company.id), "state": state, "run_id": str(run.id)}
