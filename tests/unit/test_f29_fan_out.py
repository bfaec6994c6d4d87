"""One run per company that needs one, however often a fan-out fires, in pages."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from app import errors
from app.infrastructure.db.models import Company, F29Form, Run
from app.services import f29_fan_out
from app.services.attempts import Attempt
from tests.unit.publishers import Published
from tests.unit.sii.books import Books
from tests.unit.sii.forms import listed

NOON = datetime(2026, 11, 15, 12, 10, tzinfo=UTC)
FanOut = Callable[..., dict[str, Any]]
both = pytest.mark.parametrize(
    "fan_out",
    [f29_fan_out.sync_f29_all_companies, f29_fan_out.sync_f29_pdfs_missing_all_companies],
    ids=["list", "pdfs"],
)


def fire(books: Books, fan_out: FanOut, published: Published, **options: Any) -> dict[str, Any]:
    run = options.pop("run", None) or books.run()
    return fan_out(books.sessions, published, attempt=Attempt(run, 0), **({"now": NOON} | options))


def with_forms(books: Books, company: UUID, count: int = 2, **changes: Any) -> UUID:
    """Gives a company returns whose PDFs are missing."""
    with books.sessions.begin() as session:
        for folio in range(1, count + 1):
            one = listed(folio)
            session.add(
                F29Form(
                    company_id=company, folio=folio, year=2026, month=folio, status=one.status,
                    status_raw="Vigente", submitted_on=one.submitted_on,
                    **({"cod_int": folio} | changes),
                )
            )  # fmt: skip
    return company


def started(books: Books) -> list[Run]:
    with books.sessions() as session:
        asked = session.scalars(select(Run).where(Run.task.startswith("sii.sync_f29")))
        return list(asked.unique())


@both
def test_each_usable_company_gets_one_run_of_the_fan_outs_family(
    books: Books, fan_out: FanOut
) -> None:
    good = [with_forms(books, books.company(rut)) for rut in ("76000001-9", "77100200-5")]
    with_forms(books, books.company("79000001-4", status="invalid"))
    soon = NOON + timedelta(minutes=1)
    with_forms(books, books.company("79000002-2", status="blocked", blocked_until=soon))
    with books.sessions.begin() as session:
        session.add(Company(rut="79000004-9", business_name="Inactiva SpA", is_active=False))
    published, cause = Published(), books.run()
    result = fire(books, fan_out, published, run=cause)
    assert {key: result[key] for key in ("total", "queued", "failed", "skipped")} == {
        "total": 4, "queued": 2, "failed": 0, "skipped": 2,
    }  # fmt: skip
    assert [kwargs["company_id"] for _, kwargs in published.messages] == [str(one) for one in good]
    assert {(run.root_id, run.company_id) for run in started(books)} == {
        (cause, company) for company in good
    }


@both
@pytest.mark.parametrize("finished", [False, True])
def test_the_same_hour_starts_none_twice_even_finished_ones(
    books: Books, fan_out: FanOut, finished: bool
) -> None:
    with_forms(books, books.company())
    published = Published()
    fire(books, fan_out, published)
    if finished:
        with books.sessions.begin() as session:
            for run in session.scalars(select(Run)):
                run.finished_at = NOON
    again = fire(books, fan_out, published, now=NOON + timedelta(minutes=45))
    assert (again["queued"], again["skipped"]) == (0, 1)
    assert len(published.messages) == 1


@both
def test_a_company_whose_last_round_is_unfinished_gets_no_other(
    books: Books, fan_out: FanOut
) -> None:
    with_forms(books, books.company())
    published = Published()
    fire(books, fan_out, published)
    fire(books, fan_out, published, now=NOON + timedelta(days=7))
    assert len(published.messages) == 1


@both
def test_two_at_once_start_each_company_once(books: Books, fan_out: FanOut) -> None:
    for rut in ("76000001-9", "77100200-5", "78300400-3"):
        with_forms(books, books.company(rut))
    published = Published()
    with ThreadPoolExecutor(2) as pool:
        rounds = [pool.submit(fire, books, fan_out, published) for _ in range(2)]
        assert sum(one.result()["queued"] for one in rounds) == 3
    assert len(published.messages) == len(started(books)) == 3


@both
def test_companies_are_read_in_pages(
    books: Books, fan_out: FanOut, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f29_fan_out, "PAGE", 2)
    monkeypatch.setattr(f29_fan_out, "MOST_RESULTS", 3)
    for rut in ("76000001-9", "77100200-5", "78300400-3", "79000001-4", "79000002-2"):
        with_forms(books, books.company(rut))
    published = Published()
    result = fire(books, fan_out, published)
    assert (result["queued"], len(result["results"])) == (5, 3)
    assert len(published.messages) == 5


@both
def test_out_of_time_keeps_its_pages_and_the_next_attempt_starts_the_rest(
    books: Books, fan_out: FanOut, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f29_fan_out, "PAGE", 1)
    for rut in ("76000001-9", "77100200-5"):
        with_forms(books, books.company(rut))
    published, cause = Published(), books.run()
    with pytest.raises(errors.OutOfTime):
        fire(books, fan_out, published, run=cause, deadline=0)
    assert len(published.messages) == 1
    assert fire(books, fan_out, published, run=cause)["queued"] == 1
    assert len(published.messages) == 2


@both
def test_a_fan_out_that_was_taken_over_starts_nothing(books: Books, fan_out: FanOut) -> None:
    with_forms(books, books.company())
    published = Published()
    with pytest.raises(errors.RunTakenOver):
        fan_out(books.sessions, published, attempt=Attempt(books.run(), 3), now=NOON)
    assert started(books) == []


def test_only_companies_with_pdfs_due_are_asked_for_them(books: Books) -> None:
    due = with_forms(books, books.company("76000001-9"), 3)
    with_forms(books, books.company("77100200-5"), pdf_status="downloaded")
    with_forms(books, books.company("78300400-3"), pdf_status="unavailable")
    with_forms(books, books.company("79000001-4"), pdf_next_try_at=NOON + timedelta(minutes=1))
    with_forms(books, books.company("79000002-2"), cod_int=None)
    books.company("79000003-0")
    published = Published()
    result = fire(
        books, f29_fan_out.sync_f29_pdfs_missing_all_companies, published, max_per_company=5
    )
    assert (result["total"], result["total_pdfs_pending"]) == (1, 3)
    assert [kwargs for _, kwargs in published.messages] == [
        {"company_id": str(due), "max_per_company": 5}
    ]


def test_the_year_is_written_into_each_run(books: Books) -> None:
    books.company()
    published, fan_out = Published(), f29_fan_out.sync_f29_all_companies
    january = datetime(2027, 1, 13, 12, tzinfo=UTC)
    assert fire(books, fan_out, published, now=january)["year"] == 2026
    assert published.messages[0][1]["year"] == 2026
    with pytest.raises(errors.InvalidInput):
        fire(books, fan_out, published, year=2030)
