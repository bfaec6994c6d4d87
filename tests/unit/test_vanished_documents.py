"""What the portal no longer shows is kept and marked; what only moved is not."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from app import errors
from app.domain.documents import AccountingState, Direction, RegisterDocument, RegisterReading
from app.domain.periods import Period
from app.infrastructure.db.models import TaxDocument
from tests.unit.sii.books import Books
from tests.unit.sii.registers import Registers, document, fails, incomplete, reading

FEBRUARY, MARCH = Period(2026, 2), Period(2026, 3)  # the runs of these tests are of March
OURS = document(1, MARCH, Direction.PURCHASE)
EARLIER = document(1, FEBRUARY, Direction.PURCHASE)

Answer = Callable[[Period, Direction], RegisterReading]


def shows(*documents: RegisterDocument) -> Answer:
    return lambda period, direction: reading(period, direction, list(documents))


@pytest.fixture
def ours(books: Books) -> Callable[[], TaxDocument]:
    """Looks at the one purchase with folio 1."""

    def look() -> TaxDocument:
        (stored,) = books.documents(direction="purchase", folio=1)
        return stored

    return look


def test_what_the_newest_register_no_longer_shows_is_kept_and_marked_once(
    books: Books, portal: Registers, ours: Callable[[], TaxDocument]
) -> None:
    company = books.company()
    portal.answers["2026-03", "purchase"] = shows(OURS, replace(OURS, folio=2))
    books.sync(portal, company)
    assert ours().vanished_at is None

    portal.answers["2026-03", "purchase"] = shows(replace(OURS, folio=2))
    before = datetime.now(UTC)
    books.sync(portal, company)
    marked = ours().vanished_at
    assert marked is not None
    assert before <= marked == ours().synced_at
    assert [one.folio for one in books.documents(direction="purchase", vanished_at=None)] == [2]

    books.sync(portal, company)
    assert ours().vanished_at == marked


def test_an_empty_register_makes_all_of_its_documents_vanish_and_none_of_others(
    books: Books, portal: Registers
) -> None:
    company, other = books.company(), books.company("77100200-5")
    for one in (company, other):
        books.sync(portal, one)
    portal.answers["2026-03", "purchase"] = shows()
    books.sync(portal, company)
    vanished = [one for one in books.documents() if one.vanished_at]
    assert {(one.company_id, one.direction) for one in vanished} == {(company, "purchase")}
    assert len(vanished) == 2


def test_what_shows_again_is_no_longer_marked_and_counts_as_updated(
    books: Books, portal: Registers, ours: Callable[[], TaxDocument]
) -> None:
    company = books.company()
    for answer in (shows(OURS), shows()):
        portal.answers["2026-03", "purchase"] = answer
        books.sync(portal, company)
    portal.answers["2026-03", "purchase"] = shows(OURS)
    result = books.sync(portal, company)
    assert (ours().vanished_at, ours().missing_at) == (None, None)
    assert result["compras"] == {"total": 1, "nuevos": 0, "actualizados": 1}


def test_another_accounting_state_is_no_vanishing(
    books: Books, portal: Registers, ours: Callable[[], TaxDocument]
) -> None:
    company = books.company()
    pending = replace(OURS, accounting_state=AccountingState.PENDIENTE)
    for one in (pending, OURS):
        portal.answers["2026-03", "purchase"] = shows(one)
        books.sync(portal, company)
    assert (ours().accounting_state, ours().vanished_at) == ("REGISTRO", None)


def test_what_may_have_moved_to_a_later_period_is_not_called_vanished_before_that_was_read(
    books: Books, portal: Registers, ours: Callable[[], TaxDocument]
) -> None:
    company = books.company()
    portal.answers["2026-02", "purchase"] = shows(EARLIER)
    portal.answers["2026-03", "purchase"] = shows()
    books.sync(portal, company, months=2)
    portal.answers["2026-02", "purchase"] = shows()
    books.sync(portal, company, month_offset=1)  # March was read before it was missing
    assert ours().missing_at is not None
    assert ours().vanished_at is None

    portal.answers["2026-03", "purchase"] = fails(errors.UnexpectedAnswer())
    with pytest.raises(errors.PeriodsUnreadable):
        books.sync(portal, company)
    assert ours().vanished_at is None

    portal.answers["2026-03", "purchase"] = shows()
    books.sync(portal, company)
    assert ours().vanished_at is not None


def test_what_moved_is_found_in_its_new_period(
    books: Books, portal: Registers, ours: Callable[[], TaxDocument]
) -> None:
    company = books.company()
    portal.answers["2026-02", "purchase"] = shows(EARLIER)
    books.sync(portal, company, months=2)
    portal.answers["2026-02", "purchase"] = shows()
    books.sync(portal, company, month_offset=1)
    portal.answers["2026-03", "purchase"] = shows(replace(EARLIER, period="2026-03"))
    books.sync(portal, company)
    assert (ours().period, ours().missing_at, ours().vanished_at) == ("2026-03", None, None)


def test_a_reading_that_is_not_complete_says_nothing_of_what_it_lacks(
    books: Books, portal: Registers
) -> None:
    company = books.company()
    books.sync(portal, company)
    portal.answers["2026-03", "purchase"] = incomplete
    with pytest.raises(errors.PeriodsIncomplete):
        books.sync(portal, company)
    assert [one for one in books.documents() if one.missing_at] == []
