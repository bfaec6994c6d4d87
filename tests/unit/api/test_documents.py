import base64
import json
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
from sqlalchemy.orm import Session

from app.infrastructure.db.models import TaxDocument
from tests.unit.api.conftest import new_company, refused
from tests.unit.api.test_runs import walk

DEFAULTS: dict[str, Any] = {
    "direction": "purchase",
    "doc_type": 33,
    "counterpart_rut": "78900123-6",
    "counterpart_name": "Molinos del Sur Ltda.",
    "issue_date": date(2026, 11, 5),
    "reception_at": datetime(2026, 11, 5, 15, 21, 7, tzinfo=UTC),
    "period": "2026-11",
    "accounting_state": "REGISTRO",
    "exempt": 0,
    "net": 100_000,
    "vat": 19_000,
    "total": 119_000,
    "row_hash": "0" * 64,
}


def add_document(session: Session, company_id: str, folio: int, **columns: Any) -> None:
    values = DEFAULTS | {"company_id": UUID(company_id), "folio": folio} | columns
    session.add(TaxDocument(**values))
    session.commit()


def folios(api: httpx.Client, company_id: str, **params: Any) -> list[int]:
    return [found["folio"] for found in walk(api, f"/companies/{company_id}/documents", **params)]


def test_a_document_shows_integers_and_utc(api: httpx.Client, session: Session) -> None:
    company_id = new_company(api)
    add_document(session, company_id, 9_007_199_254_740, total=99_999_999_999)
    (shown,) = walk(api, f"/companies/{company_id}/documents")
    assert shown["folio"] == 9_007_199_254_740
    assert shown["total"] == 99_999_999_999
    assert shown["vat_non_recoverable"] == 0
    assert shown["issue_date"] == "2026-11-05"
    assert shown["reception_at"] == "2026-11-05T15:21:07Z"
    assert shown["acknowledged_at"] is None
    assert shown["vanished_at"] is None
    assert "row_hash" not in shown


def test_a_document_without_counterpart_shows_null(api: httpx.Client, session: Session) -> None:
    company_id = new_company(api)
    add_document(session, company_id, 1, counterpart_rut="", counterpart_name="")
    (shown,) = walk(api, f"/companies/{company_id}/documents")
    assert shown["counterpart_rut"] is None


def test_pages_show_every_document_once_newest_first(api: httpx.Client, session: Session) -> None:
    company_id = new_company(api)
    for folio, day in enumerate([5, 7, 7, 7, 1, 9, 7], 1):
        add_document(session, company_id, folio, issue_date=date(2026, 11, day))
    add_document(session, new_company(api, "70000000-1"), 99)
    expected = [6, 7, 4, 3, 2, 1, 5]
    for limit in (1, 2, 3, 7, 100):
        assert folios(api, company_id, limit=limit) == expected


def test_each_filter_narrows(api: httpx.Client, session: Session) -> None:
    company_id = new_company(api)
    add_document(session, company_id, 1)
    add_document(session, company_id, 2, direction="sale")
    add_document(session, company_id, 3, period="2026-10")
    add_document(session, company_id, 4, doc_type=61)
    add_document(session, company_id, 5, counterpart_rut="70000000-1")
    add_document(session, company_id, 6, accounting_state="PENDIENTE")
    gone = datetime(2026, 11, 20, 12, tzinfo=UTC)
    add_document(session, company_id, 7, vanished_at=gone)
    assert folios(api, company_id, vanished="true") == [7]
    assert folios(api, company_id, vanished="false") == [6, 5, 4, 3, 2, 1]
    assert folios(api, company_id, direction="sale") == [2]
    assert folios(api, company_id, period="2026-10") == [3]
    assert folios(api, company_id, doc_type=61) == [4]
    assert folios(api, company_id, counterpart_rut="70.000.000-1") == [5]
    assert folios(api, company_id, accounting_state="PENDIENTE") == [6]
    assert folios(api, company_id, direction="sale", doc_type=61) == []
    assert folios(api, company_id, limit=2) == [7, 6, 5, 4, 3, 2, 1]


BAD_FILTERS = [
    ("direction", "compra"),
    ("period", "2026-13"),
    ("period", "11-2026"),
    ("doc_type", "factura"),
    ("doc_type", "0"),
    ("doc_type", "99999999999999999999"),
    ("counterpart_rut", "77123456-8"),
    ("accounting_state", "registro"),
    ("vanished", "perhaps"),
    ("limit", "0"),
    ("cursor", "not a cursor"),
]


def test_a_bad_filter_is_refused_and_named(api: httpx.Client) -> None:
    path = f"/companies/{new_company(api)}/documents"
    for field, value in BAD_FILTERS:
        refused(api.get(path, params={field: value}), 422, "invalid_input", field)


FORGED: list[object] = [
    ["2026-11-05", "-1"],
    ["2026-11-05", str(2**63)],
    ["2026-11-05", "9" * 60],
    ["2026-02-30", "1"],
    ["2026-11-05"],
    ["2026-11-05", "1", "2"],
    ["2026-11-05", None],
    {"a": 1},
    "2026",
    7,
]


def test_a_forged_cursor_is_refused(api: httpx.Client) -> None:
    path = f"/companies/{new_company(api)}/documents"
    for key in FORGED:
        cursor = base64.urlsafe_b64encode(json.dumps(key).encode()).decode()
        refused(api.get(path, params={"cursor": cursor}), 422, "invalid_input", "cursor")


def test_an_unknown_company_is_not_found(api: httpx.Client) -> None:
    refused(api.get(f"/companies/{uuid4()}/documents"), 404, "not_found")
