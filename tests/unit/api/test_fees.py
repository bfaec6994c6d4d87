from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
from sqlalchemy.orm import Session

from app.infrastructure.db.models import ReceivedFee, RegisterMark
from tests.unit.api.conftest import new_company, refused
from tests.unit.api.test_document_totals import READ_AT
from tests.unit.api.test_runs import walk

DEFAULTS: dict[str, Any] = {
    "issuer_rut": "78900123-6",
    "issuer_name": "ROSA INVENTADA SOTO",
    "issue_date": date(2026, 11, 5),
    "period": "2026-11",
    "status": "Vigente",
    "status_raw": "N",
    "gross": 400_000,
    "withheld": 61_000,
    "net": 339_000,
    "row_hash": "0" * 64,
}


def add_fee(session: Session, company_id: str, folio: int, **columns: Any) -> None:
    values = DEFAULTS | {"company_id": UUID(company_id), "folio": folio} | columns
    session.add(ReceivedFee(**values))
    session.commit()


def folios(api: httpx.Client, company_id: str, **params: Any) -> list[int]:
    return [one["folio"] for one in walk(api, f"/v1/companies/{company_id}/fees", **params)]


def fees_of(api: httpx.Client, company_id: str) -> dict[str, Any]:
    answer = api.get(f"/companies/{company_id}/documents/totals", params={"period": "2026-11"})
    found: dict[str, Any] = answer.raise_for_status().json()["fees"]
    return found


def test_a_boleta_shows_integers_and_utc(api: httpx.Client, session: Session) -> None:
    company_id = new_company(api)
    add_fee(session, company_id, 9_007_199_254_740, status="Anulada", annulled_on=date(2026, 11, 6))
    (shown,) = walk(api, f"/v1/companies/{company_id}/fees")
    assert shown["folio"] == 9_007_199_254_740
    assert (shown["gross"], shown["withheld"], shown["net"]) == (400_000, 61_000, 339_000)
    assert (shown["issue_date"], shown["annulled_on"]) == ("2026-11-05", "2026-11-06")
    assert shown["synced_at"].endswith("Z")
    assert shown["vanished_at"] is None
    assert "row_hash" not in shown


def test_pages_show_every_boleta_once_newest_first(api: httpx.Client, session: Session) -> None:
    company_id = new_company(api)
    for folio, day in enumerate([5, 7, 7, 1, 9], 1):
        add_fee(session, company_id, folio, issue_date=date(2026, 11, day))
    add_fee(session, new_company(api, "70000000-1"), 99)
    for limit in (1, 2, 5, 100):
        assert folios(api, company_id, limit=limit) == [5, 3, 2, 1, 4]


def test_each_filter_narrows(api: httpx.Client, session: Session) -> None:
    company_id = new_company(api)
    add_fee(session, company_id, 1)
    add_fee(session, company_id, 2, period="2026-10")
    add_fee(session, company_id, 3, issuer_rut="70000000-1")
    add_fee(session, company_id, 4, status="Anulada")
    add_fee(session, company_id, 5, vanished_at=datetime(2026, 11, 20, 12, tzinfo=UTC))
    assert folios(api, company_id, period="2026-10") == [2]
    assert folios(api, company_id, issuer_rut="70.000.000-1") == [3]
    assert folios(api, company_id, status="Anulada") == [4]
    assert folios(api, company_id, vanished="true") == [5]
    assert folios(api, company_id, vanished="false") == [4, 3, 2, 1]


def test_a_bad_filter_is_refused_and_named(api: httpx.Client) -> None:
    path = f"/v1/companies/{new_company(api)}/fees"
    bad = [("period", "2026-13"), ("issuer_rut", "1-1"), ("status", "vigente"), ("cursor", "?")]
    for field, value in bad:
        refused(api.get(path, params={field: value}), 422, "invalid_input", field)
    refused(api.get(f"/v1/companies/{uuid4()}/fees"), 404, "not_found")


def test_the_totals_of_a_period_have_those_that_count(api: httpx.Client, session: Session) -> None:
    company_id = new_company(api)
    nothing = {"read_at": None, "count": 0, "gross": 0, "withheld": 0, "net": 0}
    assert fees_of(api, company_id) == nothing
    add_fee(session, company_id, 1)
    add_fee(session, company_id, 2, gross=2**62, withheld=0, net=2**62)
    add_fee(session, company_id, 3, gross=2**62, withheld=0, net=2**62)
    add_fee(session, company_id, 4, status="Anulada")
    add_fee(session, company_id, 5, status="Desconocido")
    add_fee(session, company_id, 6, vanished_at=READ_AT)
    add_fee(session, company_id, 7, period="2026-10")
    mark = RegisterMark(company_id=UUID(company_id), direction="fees", period="2026-11")
    mark.read_at = READ_AT
    session.add(mark)
    session.commit()
    assert fees_of(api, company_id) == {
        "read_at": "2026-11-23T14:06:20Z", "count": 3, "gross": 2**63 + 400_000,
        "withheld": 61_000, "net": 2**63 + 339_000,
    }  # fmt: skip
