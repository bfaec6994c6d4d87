"""The sync against a portal in memory and a real database: what is stored, and what is refused."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from app import errors
from app.domain.documents import AccountingState, Direction, OtherTax, RegisterReading
from app.domain.periods import Period
from tests.unit.sii.books import Books
from tests.unit.sii.registers import Registers, document, reading, two_documents


def test_both_registers_of_the_asked_months_are_stored(books: Books, portal: Registers) -> None:
    company = books.company()
    result = books.sync(portal, company, months=2)
    assert result.pop("duration_seconds") >= 0
    assert result == {
        "company_id": str(company),
        "session_id": None,
        "compras": {"total": 4, "nuevos": 4, "actualizados": 0},
        "ventas": {"total": 4, "nuevos": 4, "actualizados": 0},
        "boletas": {"total": 0, "nuevos": 0, "actualizados": 0},
        "honorarios": {"total": 0, "nuevos": 0, "actualizados": 0},
        "errors": 0,
        "error_details": [],
    }
    stored = {(one.period, one.direction, one.folio) for one in books.documents()}
    assert stored == {
        (period, direction, folio)
        for period, first in (("2026-02", 200), ("2026-03", 300))
        for direction in ("purchase", "sale")
        for folio in (first, first + 1)
    }
    assert len(books.summaries()) == 4


def test_the_months_count_from_when_the_run_was_asked_for(books: Books, portal: Registers) -> None:
    run = books.run(datetime(2026, 3, 1, 2, tzinfo=UTC))  # still February in Chile
    books.sync(portal, books.company(), run_id=run, months=1, month_offset=1)
    assert portal.reads == [("2026-01", "purchase"), ("2026-01", "sale"), ("2026-01", "fees")]


def test_a_second_sync_changes_nothing_and_says_so(books: Books, portal: Registers) -> None:
    company = books.company()
    books.sync(portal, company)
    before = {one.id: one.synced_at for one in books.documents()}
    result = books.sync(portal, company)
    assert result["compras"] == {"total": 2, "nuevos": 0, "actualizados": 0}
    assert {one.id: one.synced_at for one in books.documents()} == before


def test_a_changed_document_is_updated_in_place_and_counted(
    books: Books, portal: Registers
) -> None:
    company = books.company()
    books.sync(portal, company)

    def accepted(period: Period, direction: Direction) -> RegisterReading:
        first, second = two_documents(period, direction).documents
        taxed = replace(first, other_taxes=(OtherTax("27", 100, "10"),), total=1290)
        return reading(period, direction, [taxed, second])

    portal.answers["2026-03", "purchase"] = accepted
    result = books.sync(portal, company)
    assert result["compras"] == {"total": 2, "nuevos": 0, "actualizados": 1}
    changed, _ = books.documents(direction="purchase")
    assert changed.total == 1290
    assert changed.other_taxes == [{"code": "27", "amount": 100, "rate": "10"}]


def test_a_document_that_moves_to_another_period_is_one_document(
    books: Books, portal: Registers
) -> None:
    company = books.company()
    moved = document(1, Period(2026, 2), Direction.SALE)
    portal.answers["2026-02", "sale"] = lambda period, direction: reading(
        period, direction, [moved]
    )
    books.sync(portal, company, months=2)
    portal.answers["2026-02", "sale"] = lambda period, direction: reading(period, direction, [])
    portal.answers["2026-03", "sale"] = lambda period, direction: reading(
        period, direction, [replace(moved, period="2026-03")]
    )
    books.sync(portal, company, months=2)
    (stored,) = books.documents(direction="sale", folio=1)
    assert stored.period == "2026-03"
    assert {(one.period, one.direction) for one in books.summaries()} == {
        ("2026-02", "purchase"), ("2026-03", "purchase"), ("2026-03", "sale"),
    }  # fmt: skip


def test_a_document_that_changes_its_state_while_we_read_is_stored_once(
    books: Books, portal: Registers
) -> None:
    def seen_twice(period: Period, direction: Direction) -> RegisterReading:
        registered = document(1, period, direction)
        pending = replace(registered, accounting_state=AccountingState.PENDIENTE)
        return reading(period, direction, [pending, registered])

    portal.answers["2026-03", "purchase"] = seen_twice
    result = books.sync(portal, books.company())
    assert result["compras"] == {"total": 1, "nuevos": 1, "actualizados": 0}
    (stored,) = books.documents(direction="purchase")
    assert stored.accounting_state == "REGISTRO"


def test_the_same_folio_of_two_suppliers_and_of_two_types_are_three_documents(
    books: Books, portal: Registers
) -> None:
    def same_folio(period: Period, direction: Direction) -> RegisterReading:
        one = document(7, period, direction)
        documents = (one, replace(one, counterpart_rut="78300400-3"), replace(one, doc_type=34))
        return RegisterReading(period, direction, documents, ())

    portal.answers["2026-03", "purchase"] = lambda period, direction: replace(
        reading(period, direction, []), documents=()
    )
    complete = same_folio(Period(2026, 3), Direction.SALE)
    rows = [
        replace(two_documents(Period(2026, 3), Direction.SALE).summary[0], **counts)
        for counts in ({"detailed": 2, "count": 2}, {"doc_type": 34, "detailed": 1, "count": 1})
    ]
    portal.answers["2026-03", "sale"] = lambda *_: replace(complete, summary=tuple(rows))
    books.sync(portal, books.company())
    assert len(books.documents(direction="sale", folio=7)) == 3


def test_many_documents_are_stored_in_batches(books: Books, portal: Registers) -> None:
    def many(period: Period, direction: Direction) -> RegisterReading:
        return reading(
            period, direction, [document(one, period, direction) for one in range(1, 1202)]
        )

    portal.answers["2026-03", "purchase"] = many
    result = books.sync(portal, books.company())
    assert result["compras"] == {"total": 1201, "nuevos": 1201, "actualizados": 0}
    assert len(books.documents(direction="purchase")) == 1201


def test_progress_is_told_before_and_after_each_register(books: Books, portal: Registers) -> None:
    books.sync(portal, books.company())
    assert books.progress == [
        (0, 4, "login"),
        (0, 4, "2026-03 purchase"),
        (1, 4, "2026-03 sale"),
        (2, 4, "2026-03 boletas"),
        (3, 4, "2026-03 fees"),
        (4, 4, "done"),
    ]


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"months": 0}, "months"),
        ({"months": 13}, "months"),
        ({"month_offset": -1}, "month_offset"),
    ],
)
def test_a_range_out_of_bounds_names_the_field(
    books: Books, portal: Registers, options: dict[str, int], field: str
) -> None:
    with pytest.raises(errors.InvalidInput) as refusal:
        books.sync(portal, books.company(), **options)
    assert refusal.value.field == field
    assert portal.logins == []


def test_what_is_no_company_is_refused(books: Books, portal: Registers) -> None:
    with pytest.raises(errors.NotFound):
        books.sync(portal, uuid4())
    with pytest.raises(errors.InvalidInput) as refusal:
        books.sync(portal, "no-uuid")
    assert refusal.value.field == "company_id"


def test_a_company_without_a_credential_is_told_so(books: Books, portal: Registers) -> None:
    company = books.company()
    with books.sessions.begin() as session:
        session.delete(session.merge(books.credential(company)))
    with pytest.raises(errors.CredentialsMissing):
        books.sync(portal, company)
