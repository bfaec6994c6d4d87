import hashlib
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.orm import Session

from app.domain.periods import current_period
from app.infrastructure.db.models import F29Form, F29PdfFile
from app.infrastructure.pdf_store_directory import DirectoryStore
from app.infrastructure.pdf_store_s3 import S3Store
from app.services.pdf_storage import PdfStores
from tests.unit.api.conftest import Published, new_company, refused
from tests.unit.api.test_runs import walk
from tests.unit.buckets import bucket_at, refusing_server

BIG = 8_123_456_789


def add_form(session: Session, company_id: str, folio: int, **columns: Any) -> int:
    values = {
        "company_id": UUID(company_id), "folio": folio, "cod_int": 7, "year": 2026, "month": 10,
        "status": "Vigente", "status_raw": "Vigente", "submitted_on": date(2026, 11, 12),
    } | columns  # fmt: skip
    form = F29Form(**values)
    session.add(form)
    session.commit()
    return form.id


def test_a_form_shows_its_codes_and_where_they_do_not_add_up(
    api: httpx.Client, session: Session
) -> None:
    company_id = new_company(api)
    fault = "Code 89 is 7, its parts come to 6."
    add_form(session, company_id, BIG, codes={"89": 7}, code_faults=[fault])
    (shown,) = walk(api, f"/v1/companies/{company_id}/f29")
    assert (shown["folio"], shown["period"], shown["status"]) == (BIG, "2026-10", "Vigente")
    assert (shown["codes"], shown["code_faults"]) == ({"89": 7}, [fault])
    assert (shown["amount"], shown["pdf_status"]) == (None, "pending")


def test_forms_come_newest_first_in_pages_and_by_year(api: httpx.Client, session: Session) -> None:
    company_id = new_company(api)
    for folio, (year, month) in enumerate([(2025, 12), (2026, 1), (2026, 10), (2026, 10)], 1):
        add_form(session, company_id, folio, year=year, month=month)
    path = f"/v1/companies/{company_id}/f29"
    assert [one["folio"] for one in walk(api, path, limit=1)] == [4, 3, 2, 1]
    assert [one["folio"] for one in walk(api, path, year=2026)] == [4, 3, 2]
    assert list(walk(api, f"/v1/companies/{new_company(api, '76.000.001-9')}/f29")) == []
    refused(api.get(path, params={"cursor": "nonsense"}), 422, "invalid_input", "cursor")
    refused(api.get(f"/v1/companies/{uuid4()}/f29"), 404, "not_found")


def test_a_pdf_is_downloaded_as_it_came(api: httpx.Client, session: Session) -> None:
    company_id = new_company(api)
    content = b"%PDF-\x00\xff"
    digest = hashlib.sha256(content).hexdigest()
    form = add_form(session, company_id, BIG, pdf_status="downloaded", pdf_sha256=digest)
    session.add(F29PdfFile(form_id=form, content=content, pages=1))
    session.commit()
    answer = api.get(f"/v1/companies/{company_id}/f29/{BIG}/pdf")
    assert (answer.status_code, answer.content) == (200, b"%PDF-\x00\xff")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"] == f'attachment; filename="f29-{BIG}.pdf"'
    other = new_company(api, "76.000.001-9")
    refused(api.get(f"/v1/companies/{other}/f29/{BIG}/pdf"), 404, "not_found")


def test_a_pdf_comes_from_the_store_that_its_row_names(
    app: FastAPI, api: httpx.Client, session: Session, tmp_path: Path
) -> None:
    company_id = new_company(api)
    digest = hashlib.sha256(b"%PDF-").hexdigest()
    form = add_form(session, company_id, BIG, pdf_status="downloaded", pdf_sha256=digest)
    session.add(F29PdfFile(form_id=form, store="directory", key="one.pdf", pages=1))
    session.commit()
    path = f"/v1/companies/{company_id}/f29/{BIG}/pdf"
    refused(api.get(path), 500, "pdf_elsewhere")
    store = DirectoryStore(tmp_path)
    app.state.desk.pdf_stores = lambda: PdfStores(outside={"directory": store})
    refused(api.get(path), 500, "pdf_damaged")
    store.put("one.pdf", b"%PDF-")
    assert api.get(path).content == b"%PDF-"
    store.put("one.pdf", b"%PDF-other")
    refused(api.get(path), 500, "pdf_damaged")


def test_a_store_that_is_away_is_no_fault_of_the_pdf(
    app: FastAPI, api: httpx.Client, session: Session
) -> None:
    company_id = new_company(api)
    form = add_form(session, company_id, BIG, pdf_status="downloaded", pdf_sha256="0" * 64)
    session.add(F29PdfFile(form_id=form, store="s3", key="one.pdf", pages=1))
    session.commit()
    with refusing_server(0, "") as url:
        store = S3Store(bucket_at(url))
        app.state.desk.pdf_stores = lambda: PdfStores(outside={"s3": store})
        answer = api.get(f"/v1/companies/{company_id}/f29/{BIG}/pdf")
    refused(answer, 503, "pdf_store_unavailable")
    assert answer.headers["retry-after"]


def test_a_pdf_that_is_not_here_says_why(api: httpx.Client, session: Session) -> None:
    company_id = new_company(api)
    add_form(session, company_id, BIG, pdf_status="unavailable")
    answer = api.get(f"/v1/companies/{company_id}/f29/{BIG}/pdf")
    refused(answer, 404, "not_found")
    assert "unavailable" in answer.json()["detail"]
    refused(api.get(f"/v1/companies/{company_id}/f29/5/pdf"), 404, "not_found")
    for wrong in ("0", "x", str(2**63)):
        refused(
            api.get(f"/v1/companies/{company_id}/f29/{wrong}/pdf"), 422, "invalid_input", "folio"
        )


def test_a_sync_is_accepted_once_while_it_is_unfinished(
    api: httpx.Client, outbox: Published
) -> None:
    company_id = new_company(api)
    path = f"/v1/companies/{company_id}/f29-syncs"
    year = current_period(datetime.now(UTC)).shift(-1).year
    answers = [api.post(path), api.post(path, json={}), api.post(path, json={"year": year})]
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    run = answers[0].json()
    assert (run["task"], run["queue"], run["state"]) == ("sii.sync_f29", "low", "queued")
    assert answers[0].headers["location"] == f"/v1/runs/{run['id']}"
    assert outbox.published == [(run["id"], {"company_id": company_id, "year": year})]
    assert api.post(path, json={"year": 2020}).json()["id"] != run["id"]


@pytest.mark.parametrize("year", [2004, 2099, "x"])
def test_an_impossible_year_is_refused(api: httpx.Client, outbox: Published, year: object) -> None:
    path = f"/v1/companies/{new_company(api)}/f29-syncs"
    refused(api.post(path, json={"year": year}), 422, "invalid_input", "year")
    assert outbox.published == []


def test_a_sync_needs_a_company_with_a_credential(api: httpx.Client, outbox: Published) -> None:
    refused(api.post(f"/v1/companies/{uuid4()}/f29-syncs"), 404, "not_found")
    body = {"rut": "76.000.001-9", "business_name": "Sin Clave SpA"}
    company_id = api.post("/v1/companies", json=body).json()["id"]
    refused(api.post(f"/v1/companies/{company_id}/f29-syncs"), 422, "credentials_missing")
    assert outbox.published == []
