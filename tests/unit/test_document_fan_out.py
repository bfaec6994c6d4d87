"""One run per company, never two for the same company, periods and hour."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from app import errors
from app.infrastructure.db.models import Company, Run
from app.services.document_fan_out import sync_documents_all_companies
from app.services.outbox import outbox_scope
from tests.unit.publishers import Published
from tests.unit.sii.books import Books

NOON = datetime(2026, 3, 15, 12, 10, tzinfo=UTC)


class Refusing(Published):
    """Redis takes the first message and no other."""

    def publish(self, run: Run) -> None:
        if self.runs:
            raise errors.QueueUnavailable()
        super().publish(run)


def fan_out(books: Books, published: Published, **options: Any) -> dict[str, Any]:
    with outbox_scope(books.sessions, published) as (session, outbox):
        return sync_documents_all_companies(
            session, outbox, **({"run_id": uuid4(), "now": NOON} | options)
        )


def runs(books: Books) -> list[Run]:
    with books.sessions() as session:
        return list(session.scalars(select(Run)))


def test_each_active_company_with_a_usable_credential_gets_a_run(books: Books) -> None:
    proven = books.company("76000001-9", status="ok")
    unproven = books.company("77100200-5")
    unblocked = books.company("78300400-3", status="blocked", blocked_until=NOON)
    books.company("79000001-4", status="invalid")
    books.company("79000002-2", status="blocked", blocked_until=NOON + timedelta(minutes=1))
    with books.sessions.begin() as session:
        session.add(Company(rut="79000003-0", business_name="Sin Clave SpA"))
        session.add(Company(rut="79000004-9", business_name="Inactiva SpA", is_active=False))
    published, cause = Published(), uuid4()
    result = fan_out(books, published, months=2, run_id=cause)
    assert {key: result[key] for key in ("total", "queued", "failed", "skipped")} == {
        "total": 6, "queued": 3, "failed": 0, "skipped": 3,
    }  # fmt: skip
    assert [kwargs for _, kwargs in published.messages] == [
        {"company_id": str(company), "months": 2} for company in (proven, unproven, unblocked)
    ]
    stored = runs(books)
    assert {run.id for run in stored} == {run_id for run_id, _ in published.messages}
    assert {(run.root_id, run.task, run.queue) for run in stored} == {
        (cause, "sii.sync_documents", "low")
    }
    assert {run.dedupe_key for run in stored} == {
        f"sii.sync_documents:{company}:2026-03:2" for company in (proven, unproven, unblocked)
    }


@pytest.mark.parametrize("finished", [False, True])
def test_the_same_hour_starts_no_run_twice_even_a_finished_one(
    books: Books, finished: bool
) -> None:
    books.company()
    published = Published()
    fan_out(books, published)
    if finished:
        with books.sessions.begin() as session:
            session.scalars(select(Run)).one().finished_at = NOON
    again = fan_out(books, published, now=NOON + timedelta(minutes=45))
    assert (again["queued"], again["skipped"]) == (0, 1)
    assert len(published.messages) == 1


def test_the_next_hour_starts_one_unless_the_last_is_unfinished(books: Books) -> None:
    books.company()
    published = Published()
    fan_out(books, published)
    fan_out(books, published, now=NOON + timedelta(hours=1))
    assert len(published.messages) == 1
    with books.sessions.begin() as session:
        session.scalars(select(Run)).one().finished_at = NOON
    fan_out(books, published, now=NOON + timedelta(hours=2))
    assert len(published.messages) == 2


def test_a_queue_that_goes_away_leaves_the_rest_to_the_reconciler(books: Books) -> None:
    books.company("76000001-9")
    books.company("77100200-5")
    failing, published = Refusing(), Published()
    fan_out(books, failing)
    assert len(failing.messages) == 1
    assert len(runs(books)) == 2
    fan_out(books, published)  # the same hour: the same runs
    assert published.messages == []


def test_months_out_of_bounds_are_refused(books: Books) -> None:
    with pytest.raises(errors.InvalidInput) as refusal:
        fan_out(books, Published(), months=13)
    assert refusal.value.field == "months"
