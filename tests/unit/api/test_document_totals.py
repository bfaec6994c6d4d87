from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
from sqlalchemy.orm import Session

from app.infrastructure.db.models import DocumentSummary, RegisterMark
from tests.unit.api.conftest import new_company, refused
from tests.unit.api.test_documents import add_document

READ_AT = datetime(2026, 11, 23, 14, 6, 20, tzinfo=UTC)
NOTHING = {"count": 0, "exempt": 0, "net": 0, "vat": 0, "total": 0}


def add_summary(session: Session, company_id: str, **columns: Any) -> None:
    values = {
        "direction": "purchase", "period": "2026-11", "accounting_state": "REGISTRO",
        "doc_type": 33, "count": 1, "detailed": 1, "exempt": 0, "net": 100_000, "vat": 19_000,
        "total": 119_000,
    }  # fmt: skip
    session.add(DocumentSummary(company_id=UUID(company_id), **values | columns))
    session.commit()


def add_mark(session: Session, company_id: str, direction: str = "purchase") -> None:
    mark = RegisterMark(company_id=UUID(company_id), direction=direction, period="2026-11")
    mark.read_at = READ_AT
    session.add(mark)
    session.commit()


def totals(api: httpx.Client, company_id: str) -> dict[tuple[str, str], dict[str, Any]]:
    answer = api.get(f"/companies/{company_id}/documents/totals", params={"period": "2026-11"})
    body = answer.raise_for_status().json()
    assert body["period"] == "2026-11"
    return {(one["direction"], one["accounting_state"]): one for one in body["registers"]}


def test_a_company_without_documents_has_five_empty_registers(api: httpx.Client) -> None:
    found = totals(api, new_company(api))
    assert list(found) == [
        ("purchase", "PENDIENTE"), ("purchase", "RECLAMADO"), ("purchase", "NO_INCLUIR"),
        ("purchase", "REGISTRO"), ("sale", "REGISTRO"),
    ]  # fmt: skip
    for one in found.values():
        assert (one["read_at"], one["types"]) == (None, [])
        assert one["sum"] == {"documents": NOTHING, "summary": None, "difference": None}


def test_ours_stand_beside_siis_and_the_difference_names_the_type(
    api: httpx.Client, session: Session
) -> None:
    company_id = new_company(api)
    add_mark(session, company_id)
    for folio in (1, 2):
        add_document(session, company_id, folio)
    add_document(session, company_id, 3, doc_type=61, net=50_000, vat=9_500, total=59_500)
    add_document(session, company_id, 4, accounting_state="PENDIENTE")
    add_document(session, company_id, 5, period="2026-10")
    add_document(session, company_id, 6, vanished_at=READ_AT)
    add_document(session, new_company(api, "70000000-1"), 7)
    add_summary(session, company_id, count=2, detailed=2, net=200_000, vat=38_000, total=238_000)
    add_summary(session, company_id, doc_type=61, net=60_000, vat=11_400, total=71_400)
    add_summary(session, company_id, accounting_state="PENDIENTE")

    found = totals(api, company_id)
    registered = found["purchase", "REGISTRO"]
    assert registered["read_at"] == "2026-11-23T14:06:20Z"
    invoices, notes = registered["types"]
    assert (invoices["doc_type"], invoices["subtracts"]) == (33, False)
    assert invoices["documents"] == invoices["summary"]
    assert invoices["difference"] == NOTHING
    assert (notes["doc_type"], notes["subtracts"]) == (61, True)
    assert notes["documents"]["total"] == 59_500
    assert notes["difference"] == NOTHING | {"net": -10_000, "vat": -1_900, "total": -11_900}
    assert registered["sum"]["documents"] == {
        "count": 3, "exempt": 0, "net": 150_000, "vat": 28_500, "total": 178_500,
    }  # fmt: skip
    assert registered["sum"]["difference"]["total"] == 11_900
    assert found["purchase", "PENDIENTE"]["sum"]["difference"] == NOTHING
    assert found["sale", "REGISTRO"]["types"] == []


def test_a_type_that_only_one_side_has_is_shown(api: httpx.Client, session: Session) -> None:
    company_id = new_company(api)
    add_mark(session, company_id)
    add_document(session, company_id, 1, doc_type=34)
    add_summary(session, company_id, doc_type=56)
    ours, siis = totals(api, company_id)["purchase", "REGISTRO"]["types"]
    assert (ours["doc_type"], ours["difference"]["count"]) == (34, 1)
    assert (siis["doc_type"], siis["difference"]["count"]) == (56, -1)


def test_what_sii_counts_without_listing_has_no_difference(
    api: httpx.Client, session: Session
) -> None:
    company_id = new_company(api)
    add_mark(session, company_id, "sale")
    add_summary(session, company_id, direction="sale", doc_type=35, count=812, detailed=0)
    register = totals(api, company_id)["sale", "REGISTRO"]
    (row,) = register["types"]
    assert (row["summary"]["count"], row["difference"]) == (812, None)
    assert register["sum"]["difference"] == NOTHING


def test_a_total_may_be_larger_than_a_bigint(api: httpx.Client, session: Session) -> None:
    company_id = new_company(api)
    for folio in (1, 2):
        add_document(session, company_id, folio, total=2**62 + folio)
    (row,) = totals(api, company_id)["purchase", "REGISTRO"]["types"]
    assert row["documents"]["total"] == 2**63 + 3


def test_a_missing_or_malformed_period_is_refused(api: httpx.Client) -> None:
    path = f"/companies/{new_company(api)}/documents/totals"
    refused(api.get(path), 422, "invalid_input", "period")
    for period in ("2026-13", "11-2026", ""):
        refused(api.get(path, params={"period": period}), 422, "invalid_input", "period")


def test_an_unknown_company_is_not_found(api: httpx.Client) -> None:
    path = f"/companies/{uuid4()}/documents/totals"
    refused(api.get(path, params={"period": "2026-11"}), 404, "not_found")
