"""Which PDFs are fetched, how often, and what is kept of them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from app import errors
from app.services.attempts import Attempt
from tests.unit.sii.books import Books
from tests.unit.sii.forms import Forms, fetch, files, listed_company, stored, year_of

NOON = datetime(2026, 11, 20, 15, tzinfo=UTC)
FOLIOS = [8_123_456_001, 8_123_456_002, 8_123_456_003]


@pytest.fixture
def portal() -> Forms:
    return year_of(FOLIOS)


@pytest.fixture
def company(books: Books, portal: Forms) -> UUID:
    return listed_company(books, portal)


def counts(result: dict[str, Any]) -> tuple[int, int, int]:
    return result["total_pending"], result["downloaded"], result["failed"]


def test_pdfs_are_stored_with_their_digest_and_codes(
    books: Books, portal: Forms, company: UUID
) -> None:
    result = fetch(books, portal, company)
    assert counts(result) == (3, 3, 0)
    assert result["errors"] == []
    assert {form.pdf_status for form in stored(books)} == {"downloaded"}
    assert [file.content for file in files(books)] == [f"%PDF- {one}".encode() for one in FOLIOS]
    assert [form.codes for form in stored(books)] == [{"89": 1}] * 3
    assert portal.downloads == FOLIOS[::-1], "the newest first"
    assert counts(fetch(books, portal, company)) == (0, 0, 0)
    assert (portal.logins, portal.logouts) == (1, 1), "nothing due: nobody logs in"


def test_no_more_than_asked_for(books: Books, portal: Forms, company: UUID) -> None:
    assert counts(fetch(books, portal, company, max_per_company=2)) == (3, 2, 0)
    assert counts(fetch(books, portal, company, max_per_company=2)) == (1, 1, 0)
    for wrong in (0, 101):
        with pytest.raises(errors.InvalidInput) as refusal:
            fetch(books, portal, company, max_per_company=wrong)
        assert refusal.value.field == "max_per_company"


def test_a_form_that_does_not_add_up_is_kept_and_says_so(
    books: Books, portal: Forms, company: UUID
) -> None:
    portal.pdfs[FOLIOS[0]] = {"538": 10, "537": 4, "89": 7, "77": 0}
    assert counts(fetch(books, portal, company)) == (3, 3, 0)
    assert stored(books)[0].code_faults == ["Code 89 is 7, its parts come to 6."]
    assert [form.code_faults for form in stored(books)[1:]] == [[], []]


def test_a_bad_pdf_is_tried_five_times_with_growing_pauses(
    books: Books, portal: Forms, company: UUID
) -> None:
    portal.pdfs[FOLIOS[1]] = errors.PdfUnusable("SII's PDF cannot be read.")
    result = fetch(books, portal, company, now=NOON)
    assert counts(result) == (3, 2, 1)
    assert result["errors"] == [
        {"folio": FOLIOS[1], "code": "pdf_unusable", "message": "SII's PDF cannot be read."}
    ]
    now, waits = NOON, []
    for attempt in (2, 3, 4, 5):
        form = stored(books)[1]
        assert (form.pdf_status, form.pdf_attempts) == ("error", attempt - 1)
        assert form.pdf_error == "pdf_unusable: SII's PDF cannot be read."
        assert form.pdf_next_try_at is not None
        waits.append(form.pdf_next_try_at - now)
        early = fetch(books, portal, company, now=form.pdf_next_try_at - timedelta(seconds=1))
        assert counts(early) == (0, 0, 0)
        now = form.pdf_next_try_at
        assert counts(fetch(books, portal, company, now=now)) == (1, 0, 1)
    assert waits == sorted(set(waits)), "each is longer than the last"
    form = stored(books)[1]
    assert (form.pdf_status, form.pdf_attempts, form.pdf_next_try_at) == ("unavailable", 5, None)
    assert counts(fetch(books, portal, company, now=now + timedelta(days=99))) == (0, 0, 0)
    assert portal.downloads.count(FOLIOS[1]) == 5


def test_a_pdf_that_comes_at_last_wipes_the_error(
    books: Books, portal: Forms, company: UUID
) -> None:
    portal.pdfs[FOLIOS[1]] = errors.UnexpectedAnswer()
    fetch(books, portal, company, now=NOON)
    del portal.pdfs[FOLIOS[1]]
    fetch(books, portal, company, now=NOON + timedelta(days=1))
    form = stored(books)[1]
    assert (form.pdf_status, form.pdf_error, form.pdf_next_try_at) == ("downloaded", None, None)


def test_an_outage_is_no_fault_of_a_form(books: Books, portal: Forms, company: UUID) -> None:
    portal.pdfs[FOLIOS[1]] = errors.SiiUnavailable()
    with pytest.raises(errors.SiiUnavailable):
        fetch(books, portal, company)
    assert [form.pdf_status for form in stored(books)] == ["pending", "pending", "downloaded"]
    assert [form.pdf_attempts for form in stored(books)] == [0, 0, 1]
    assert portal.logouts == 1
    del portal.pdfs[FOLIOS[1]]
    assert counts(fetch(books, portal, company)) == (2, 2, 0)
    assert len(portal.downloads) == len(FOLIOS) + 1, "nothing that was stored comes again"


def test_an_attempt_that_was_taken_over_stores_nothing(
    books: Books, portal: Forms, company: UUID
) -> None:
    portal.pdfs[FOLIOS[2]] = errors.PdfUnusable()
    for _ in range(2):
        with pytest.raises(errors.RunTakenOver):
            fetch(books, portal, company, attempt=Attempt(books.run(), 7))
        del portal.pdfs[FOLIOS[2]]
        portal.pdfs.setdefault(FOLIOS[2], {"89": 1})
    assert files(books) == []
    assert {form.pdf_attempts for form in stored(books)} == {0}


def test_out_of_time_begins_no_other_pdf(books: Books, portal: Forms, company: UUID) -> None:
    with pytest.raises(errors.OutOfTime):
        fetch(books, portal, company, deadline=0)
    assert portal.downloads == []


def test_of_two_at_once_the_other_waits_its_turn(
    books: Books, portal: Forms, company: UUID
) -> None:
    refused: list[int] = []

    def another(folio: int) -> None:
        portal.on_each = str
        with pytest.raises(errors.LoginBusy):
            fetch(books, portal, company)
        refused.append(folio)

    portal.on_each = another
    assert counts(fetch(books, portal, company)) == (3, 3, 0)
    assert refused == [FOLIOS[2]]
    assert sorted(portal.downloads) == FOLIOS


def test_an_unknown_company_is_named(books: Books, portal: Forms) -> None:
    with pytest.raises(errors.NotFound):
        fetch(books, portal, uuid4())
