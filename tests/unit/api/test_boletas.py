from datetime import date
from typing import Any
from uuid import UUID, uuid4

import httpx
from sqlalchemy.orm import Session

from app.infrastructure.db.models import DailyBoletas
from tests.unit.api.conftest import new_company, refused
from tests.unit.api.test_document_totals import NOTHING, add_mark, add_summary, totals
from tests.unit.api.test_runs import walk


def add_day(session: Session, company_id: str, day: int, month: int = 11, **columns: Any) -> None:
    values: dict[str, Any] = {
        "doc_type": 39, "day": date(2026, month, day), "period": f"2026-{month}",
        "count": 10, "exempt": 0, "net": 10_000, "vat": 1900, "total": 11_900,
    }  # fmt: skip
    session.add(DailyBoletas(company_id=UUID(company_id), **values | columns))
    session.commit()


def days(api: httpx.Client, company_id: str, **params: Any) -> list[tuple[str, int]]:
    found = walk(api, f"/v1/companies/{company_id}/boletas", **params)
    return [(one["day"], one["doc_type"]) for one in found]


def test_a_day_shows_integers_and_utc(api: httpx.Client, session: Session) -> None:
    company_id = new_company(api)
    add_day(session, company_id, 5, total=99_999_999_999)
    (shown,) = walk(api, f"/v1/companies/{company_id}/boletas")
    assert shown.pop("synced_at").endswith("Z")
    assert shown == {
        "day": "2026-11-05", "period": "2026-11", "doc_type": 39, "count": 10, "exempt": 0,
        "net": 10_000, "vat": 1900, "total": 99_999_999_999,
    }  # fmt: skip


def test_pages_show_every_day_once_newest_first(api: httpx.Client, session: Session) -> None:
    company_id = new_company(api)
    for day in (5, 6, 7):
        add_day(session, company_id, day)
        add_day(session, company_id, day, doc_type=48)
    add_day(session, new_company(api, "70000000-1"), 9)
    expected = [(f"2026-11-0{day}", doc_type) for day in (7, 6, 5) for doc_type in (48, 39)]
    for limit in (1, 2, 5, 6, 100):
        assert days(api, company_id, limit=limit) == expected


def test_each_filter_narrows(api: httpx.Client, session: Session) -> None:
    company_id = new_company(api)
    add_day(session, company_id, 5)
    add_day(session, company_id, 5, doc_type=48)
    add_day(session, company_id, 5, month=10)
    assert days(api, company_id, period="2026-10") == [("2026-10-05", 39)]
    assert days(api, company_id, doc_type=48) == [("2026-11-05", 48)]
    assert days(api, company_id, period="2026-10", doc_type=48) == []


def test_a_bad_filter_is_refused_and_named(api: httpx.Client) -> None:
    path = f"/v1/companies/{new_company(api)}/boletas"
    for field, value in [("period", "2026-13"), ("doc_type", "0"), ("cursor", "?"), ("limit", 0)]:
        refused(api.get(path, params={field: value}), 422, "invalid_input", field)
    refused(api.get(f"/v1/companies/{uuid4()}/boletas"), 404, "not_found")


def test_the_totals_of_a_period_have_the_sum_of_its_days_beside_siis_own(
    api: httpx.Client, session: Session
) -> None:
    company_id = new_company(api)
    add_mark(session, company_id, "sale")
    sales = {"direction": "sale", "doc_type": 39, "detailed": 0}
    add_summary(session, company_id, **sales, count=20, net=20_000, vat=3800, total=23_800)
    register = totals(api, company_id)["sale", "REGISTRO"]
    assert register["types"][0]["difference"] is None  # their days were not read yet

    add_day(session, company_id, 5)
    add_day(session, company_id, 6, total=11_899)
    add_day(session, company_id, 5, month=10)
    register = totals(api, company_id)["sale", "REGISTRO"]
    (boletas,) = register["types"]
    assert (boletas["doc_type"], boletas["documents"]["count"]) == (39, 20)
    assert boletas["difference"] == NOTHING | {"total": -1}
    assert register["sum"]["difference"] == NOTHING | {"total": -1}
