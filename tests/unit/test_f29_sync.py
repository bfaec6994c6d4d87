"""What a sync of F29 stores, what it counts, and what it leaves alone."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from app import errors
from app.services.attempts import Attempt
from app.services.f29_sync import check_year
from tests.unit.sii.books import Books
from tests.unit.sii.forms import Forms, listed, stored, sync


@pytest.fixture
def portal() -> Forms:
    return Forms([listed(8_123_456_001, 1), listed(8_123_456_002, 2, amount=500)])


def test_returns_are_stored_once_and_counted(books: Books, portal: Forms) -> None:
    company = books.company()
    first = sync(books, portal, company)
    assert first == {
        "company_id": str(company), "session_id": None, "year": 2026, "forms_synced": 2,
        "new": 2, "updated": 0, "message": "2 F29 of 2026 are in step with SII.",
    }  # fmt: skip
    again = sync(books, portal, company)
    assert (again["forms_synced"], again["new"], again["updated"]) == (2, 0, 0)
    one, two = stored(books)
    assert (one.folio, one.cod_int, one.year, one.month) == (8_123_456_001, 1, 2026, 1)
    assert (one.status, one.pdf_status, one.amount, two.amount) == ("Vigente", "pending", None, 500)
    assert (portal.logins, portal.logouts) == (2, 2)


def test_a_codint_that_is_known_is_not_asked_for_again(books: Books, portal: Forms) -> None:
    company = books.company()
    sync(books, portal, company)
    portal.opened.clear()
    sync(books, portal, company)
    assert portal.opened == []
    assert [form.cod_int for form in stored(books)] == [1, 2]


def test_a_new_status_is_an_update_and_a_list_without_amounts_wipes_none(
    books: Books, portal: Forms
) -> None:
    company = books.company()
    sync(books, portal, company)
    portal.returns = [
        listed(8_123_456_001, 1, status_raw="Rectificada"),
        listed(8_123_456_002, 2, status_raw="En Revisión"),
    ]
    result = sync(books, portal, company)
    assert (result["new"], result["updated"]) == (0, 2)
    one, two = stored(books)
    assert (one.status, two.status, two.status_raw) == ("Rectificada", "Desconocido", "En Revisión")
    assert two.amount == 500


def test_a_fault_midway_keeps_what_was_read_and_a_later_attempt_reads_the_rest(
    books: Books, portal: Forms
) -> None:
    company = books.company()
    rest = portal.returns[1]
    portal.returns[1] = errors.SessionExpired()
    with pytest.raises(errors.SessionExpired):
        sync(books, portal, company)
    assert [form.folio for form in stored(books)] == [8_123_456_001]
    assert (portal.logins, portal.logouts) == (1, 1)
    portal.returns[1] = rest
    portal.opened.clear()
    assert sync(books, portal, company)["new"] == 1
    assert portal.opened == [8_123_456_002]


def test_an_attempt_that_was_taken_over_stores_nothing(books: Books, portal: Forms) -> None:
    company = books.company()
    with pytest.raises(errors.RunTakenOver):
        sync(books, portal, company, attempt=Attempt(books.run(), 7))
    assert stored(books) == []
    assert portal.logouts == 1


def test_out_of_time_ends_after_the_return_that_was_stored(books: Books, portal: Forms) -> None:
    company = books.company()
    with pytest.raises(errors.OutOfTime):
        sync(books, portal, company, deadline=0)
    assert len(stored(books)) == 1


def test_a_refused_clave_is_never_tried_again(books: Books) -> None:
    company, portal = books.company(), Forms(refusal=errors.InvalidCredentials())
    for _ in range(2):
        with pytest.raises(errors.InvalidCredentials):
            sync(books, portal, company)
    assert portal.logins == 1
    assert books.credential(company).status == "invalid"


def test_of_two_at_once_one_reads_and_the_other_waits_its_turn(books: Books, portal: Forms) -> None:
    company = books.company()
    other: list[object] = []

    class Slow(Forms):
        def read_year(self, *known: object, **more: object):  # type: ignore[no-untyped-def]
            with pytest.raises(errors.LoginBusy), ThreadPoolExecutor(1) as pool:
                pool.submit(sync, books, portal, company).result()
            other.append("refused")
            yield from super().read_year(*known, **more)  # type: ignore[arg-type]

    assert sync(books, Slow(portal.returns), company)["new"] == 2
    assert other == ["refused"]
    assert portal.logins == 0
    assert len(stored(books)) == 2


def test_two_companies_may_have_the_same_folio(books: Books, portal: Forms) -> None:
    sync(books, portal, books.company())
    sync(books, portal, books.company("77100200-5"))
    assert len(stored(books)) == 4


@pytest.mark.parametrize(
    ("now", "year"), [("2026-11-20", 2026), ("2027-01-10", 2026), ("2027-02-01", 2027)]
)
def test_without_a_year_it_is_that_of_the_month_to_declare(now: str, year: int) -> None:
    moment = datetime.fromisoformat(f"{now}T15:00").replace(tzinfo=UTC)
    assert check_year(None, moment) == year


@pytest.mark.parametrize("year", [2004, 2028, -1])
def test_an_impossible_year_is_refused_by_name(books: Books, portal: Forms, year: int) -> None:
    with pytest.raises(errors.InvalidInput) as refusal:
        sync(books, portal, books.company(), year=year)
    assert refusal.value.field == "year"


def test_an_unknown_company_is_named(books: Books, portal: Forms) -> None:
    with pytest.raises(errors.NotFound):
        sync(books, portal, uuid4())
    with pytest.raises(errors.InvalidInput):
        sync(books, portal, "no-uuid")  # type: ignore[arg-type]
    assert portal.logins == 0
