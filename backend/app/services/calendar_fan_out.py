"""Starts a sync of every company's calendar, page by page: memory does not grow with companies."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import Row, exists, select
from sqlalchemy.orm import Session, sessionmaker

from app.infrastructure.db.models import Company, CompanyEvent
from app.services.attempts import Attempt
from app.services.calendar_requests import SYNC, SYNC_ALL, sync_key
from app.services.outbox import Outbox, Publisher, outbox_scope
from app.services.runs import enqueue

PAGE = 500
SHOWN = 100  # of `results`: the ledger is no place for 100 000 lines
_NAMESPACE = UUID("4a1f4c0e-7a0e-4c55-9d2b-6a1f0b6d2c37")  # any fixed one


@dataclass(frozen=True)
class _FanOut:
    """One run of the fan-out. `root_id` is the first run's, where this one goes on for another."""

    attempt: Attempt
    root_id: UUID
    day: date
    again: bool

    def run_id(self, company_id: UUID) -> UUID:
        """Returns one id per company and day; `again` one per company and fan-out."""
        return uuid5(_NAMESPACE, f"{self.root_id if self.again else self.day}:{company_id}")

    def dedupe_key(self, company_id: UUID) -> str:
        """Any unfinished sync of the company will do; `again` wants one that begins afterwards."""
        return f"{sync_key(company_id)}|{self.root_id}" if self.again else sync_key(company_id)


def sync_all_companies(
    sessions: sessionmaker[Session],
    publisher: Publisher,
    *,
    attempt: Attempt,
    root_id: UUID,
    day: date,
    deadline: float,
    again: bool = False,
    after: UUID | None = None,
) -> dict[str, Any]:
    """Enqueues one sync per active company that follows something; never waits for them.

    On the same `day`, that of Chile, each company gets one, however often this is asked for;
    with `again` each gets another one, because something that concerns all has changed. At
    `deadline`, a value of time.monotonic(), a run that goes on after the last company is enqueued.
    """
    fan_out = _FanOut(attempt, root_id, day, again)
    counts = {"total": 0, "queued": 0, "failed": 0, "skipped": 0}
    results: list[dict[str, Any]] = []
    while True:
        with outbox_scope(sessions, publisher) as (session, outbox):
            attempt.hold(session)
            page = _page(session, after)
            states = [_start(session, outbox, fan_out, company) for company in page]
            is_last = len(page) < PAGE
            after = page[-1].id if page else after
            if not is_last and time.monotonic() > deadline:
                _go_on(session, outbox, fan_out, after)
                is_last = True
        _count(counts, results, page, states)
        if is_last:
            return counts | {"results": results}


def _page(session: Session, after: UUID | None) -> Sequence[Row[tuple[UUID, bool]]]:
    follows = exists().where(CompanyEvent.company_id == Company.id)
    statement = select(Company.id, follows.label("follows")).where(Company.is_active)
    if after is not None:
        statement = statement.where(Company.id > after)
    return session.execute(statement.order_by(Company.id).limit(PAGE)).all()


def _start(session: Session, outbox: Outbox, fan_out: _FanOut, company: Any) -> str:
    if not company.follows:
        return "skipped"
    _, is_new = enqueue(
        session,
        outbox,
        task=SYNC,
        kwargs={"company_id": str(company.id)},
        company_id=company.id,
        dedupe_key=fan_out.dedupe_key(company.id),
        run_id=fan_out.run_id(company.id),
        root_id=fan_out.root_id,
    )
    return "queued" if is_new else "already_started"


def _go_on(session: Session, outbox: Outbox, fan_out: _FanOut, after: UUID | None) -> None:
    enqueue(
        session,
        outbox,
        task=SYNC_ALL,
        kwargs={"again": fan_out.again, "after": str(after)},
        run_id=uuid5(fan_out.attempt.run_id, "rest"),  # a run that comes twice asks for one
        root_id=fan_out.root_id,
    )


def _count(
    counts: dict[str, int], results: list[dict[str, Any]], page: Sequence[Any], states: list[str]
) -> None:
    queued = states.count("queued")
    counts["total"] += len(states)
    counts["queued"] += queued
    counts["skipped"] += len(states) - queued  # one that fails fails the page, as a typed error
    for company, state in zip(page[: SHOWN - len(results)], states, strict=False):
        results.append({"company_id": str(company.id), "state": state})
