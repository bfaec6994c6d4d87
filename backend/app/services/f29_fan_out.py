"""Starts syncs of F29 and of their PDFs, one per company; never waits for them.

Companies are read in pages by RUT, each page in a transaction of its own, so that memory does not
grow with their number. Ids come from company, subject and hour: a fan-out that comes twice, or
goes on after it was killed, starts no run twice.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, selectinload, sessionmaker

from app.errors import OutOfTime
from app.infrastructure.db.models import Company, F29Form, Run
from app.services.attempts import Attempt
from app.services.f29_pdfs import check_most, count_due
from app.services.f29_store import is_due
from app.services.f29_sync import check_year
from app.services.outbox import Outbox, Publisher, outbox_scope
from app.services.runs import enqueue
from app.services.sii_logins import is_usable

SYNC, PDFS = "sii.sync_f29", "sii.sync_f29_pdfs_missing"
PAGE = 500  # companies
MOST_RESULTS = 200  # companies that a fan-out's result names; the counts are of all
_NAMESPACE = UUID("a4f0a3b2-1d0e-4a8e-9b55-0c6f29f29f29")  # any fixed one

Start = Callable[[Session, Outbox, UUID], tuple[Run, bool]]


@dataclass
class _Round:
    """A fan-out under way."""

    attempt: Attempt
    now: datetime
    deadline: float
    counts: dict[str, int] = field(default_factory=lambda: {"queued": 0, "skipped": 0})
    results: list[dict[str, Any]] = field(default_factory=list)

    def note(self, company_id: UUID, state: str, run: Run | None = None) -> None:
        self.counts["queued" if state == "queued" else "skipped"] += 1
        if len(self.results) < MOST_RESULTS:
            run_id = str(run.id) if run else None
            self.results.append({"company_id": str(company_id), "state": state, "run_id": run_id})

    def result(self) -> dict[str, Any]:
        total = sum(self.counts.values())
        return {"total": total, "failed": 0, "results": self.results} | self.counts


def enqueue_f29(
    session: Session,
    outbox: Outbox,
    company_id: UUID,
    *,
    year: int,
    run_id: UUID | None = None,
    root_id: UUID | None = None,
    queued_at: datetime | None = None,
) -> tuple[Run, bool]:
    """Enqueues a sync of a year's F29, or returns the unfinished one; says whether it is new."""
    return enqueue(
        session,
        outbox,
        task=SYNC,
        kwargs={"company_id": str(company_id), "year": year},
        company_id=company_id,
        dedupe_key=f"{SYNC}:{company_id}:{year}",
        run_id=run_id,
        root_id=root_id,
        queued_at=queued_at,
    )


def sync_f29_all_companies(
    sessions: sessionmaker[Session],
    publisher: Publisher,
    *,
    attempt: Attempt,
    year: int | None = None,
    now: datetime | None = None,
    deadline: float = math.inf,
) -> dict[str, Any]:
    """Enqueues one sync per active company whose credential may be tried.

    Raises InvalidInput, RunTakenOver; OutOfTime after `deadline`, a value of time.monotonic().
    """
    moment = now or datetime.now(UTC)
    chosen = check_year(year, moment)

    def start(session: Session, outbox: Outbox, company_id: UUID) -> tuple[Run, bool]:
        return enqueue_f29(
            session, outbox, company_id, year=chosen, root_id=attempt.run_id, queued_at=moment,
            run_id=_id(f"{SYNC}:{company_id}:{chosen}", moment),
        )  # fmt: skip

    under_way = _Round(attempt, moment, deadline)
    _fan_out(sessions, publisher, under_way, select(Company).where(Company.is_active), start)
    return under_way.result() | {"year": chosen}


def sync_f29_pdfs_missing_all_companies(
    sessions: sessionmaker[Session],
    publisher: Publisher,
    *,
    attempt: Attempt,
    max_per_company: int = 10,
    now: datetime | None = None,
    deadline: float = math.inf,
) -> dict[str, Any]:
    """Enqueues one run per active company that has PDFs due and a credential that may be tried.

    `total_pdfs_pending` counts the PDFs that are due at the companies whose run is new.
    Raises like `sync_f29_all_companies`.
    """
    check_most(max_per_company)
    moment = now or datetime.now(UTC)
    pending = 0

    def start(session: Session, outbox: Outbox, company_id: UUID) -> tuple[Run, bool]:
        nonlocal pending
        key = f"{PDFS}:{company_id}"
        run, is_new = enqueue(
            session, outbox, task=PDFS, company_id=company_id, dedupe_key=key,
            kwargs={"company_id": str(company_id), "max_per_company": max_per_company},
            run_id=_id(key, moment), root_id=attempt.run_id, queued_at=moment,
        )  # fmt: skip
        pending += count_due(session, company_id, moment) if is_new else 0
        return run, is_new

    with_due = select(F29Form.id).where(F29Form.company_id == Company.id, is_due(moment)).exists()
    under_way = _Round(attempt, moment, deadline)
    companies = select(Company).where(Company.is_active, with_due)
    _fan_out(sessions, publisher, under_way, companies, start)
    return under_way.result() | {"total_pdfs_pending": pending}


def _id(key: str, now: datetime) -> UUID:
    return uuid5(_NAMESPACE, f"{key}:{now.astimezone(UTC):%Y-%m-%dT%H}")


def _fan_out(
    sessions: sessionmaker[Session],
    publisher: Publisher,
    under_way: _Round,
    companies: Select[tuple[Company]],
    start: Start,
) -> None:
    after = ""
    while True:
        with outbox_scope(sessions, publisher) as (session, outbox):
            under_way.attempt.hold(session)
            page = _page(session, companies, after)
            for company in page:
                if is_usable(company.credential, under_way.now):
                    run, is_new = start(session, outbox, company.id)
                    state = "queued" if is_new else "already_started"
                    under_way.note(company.id, state, run)
                else:
                    under_way.note(company.id, "skipped")
            after = page[-1].rut if page else after
        if len(page) < PAGE:
            return
        if time.monotonic() > under_way.deadline:
            raise OutOfTime  # the retry finds what has been started


def _page(session: Session, companies: Select[tuple[Company]], after: str) -> Sequence[Company]:
    statement = companies.where(Company.rut > after).order_by(Company.rut).limit(PAGE)
    return session.scalars(statement.options(selectinload(Company.credential))).all()
