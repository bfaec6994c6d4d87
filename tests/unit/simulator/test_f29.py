"""F29 at the portal: lists, detail and PDF come from the books, and nothing may be clicked."""

import json
import re
from io import BytesIO
from typing import Any

import httpx
import pytest
from cl_sii.cte.f29.parse_datos_obj import parse_sii_cte_f29_datos_obj
from pypdf import PdfReader

from tests.unit.simulator.portal_client import PortalClient
from tests.unit.simulator.server import Admin

LIST_A = "/www4/sifmConsultaInternet/index.html?dest=cifxx&form=29"
LIST_B = "/www4/rfiInternet/rectificarF29/index.html"
REFERER = {"Referer": "{}/www4/sifmConsultaInternet/index.html", "Accept": "application/pdf"}


def truth(admin: Admin, kind: str, year: str = "2026") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = admin.get(f"truth/{admin.company(kind)['rut']}/f29", year=year)
    return found


def rows(portal: PortalClient, year: int, app: str = "rfiInternet") -> list[list[Any]]:
    answer = portal.http.post(
        f"/www4/{app}/svcConsulta", content=f"getDocumentosBusqueda|29|{year}|"
    )
    assert answer.text.startswith("//OK")
    found: list[list[Any]] = json.loads(answer.text[4:])
    return found


def pdf(
    portal: PortalClient, form: dict[str, Any], body: str, changes: dict[str, Any] | None = None
) -> httpx.Response:
    query = {"folio": form["folio"], "rut": body, "form": "029", "codInt": form["cod_int"]}
    headers = {name: value.format(portal.address) for name, value in REFERER.items()}
    return portal.http.get(
        "/www4/rfiInternet/formCompacto", params=query | (changes or {}), headers=headers
    )


def by_type(documents: list[dict[str, Any]], direction: str, types: set[int]) -> int:
    return sum(
        one["vat"]
        for one in documents
        if one["direction"] == direction
        and one["doc_type"] in types
        and (direction == "sale" or one["accounting_state"] == "REGISTRO")
    )


@pytest.mark.parametrize("kind", ["A", "C", "D", "E"])
def test_the_codes_reconcile_with_the_register_and_from_month_to_month(
    admin: Admin, kind: str
) -> None:
    rut = admin.company(kind)["rut"]
    remainder = None
    for form in truth(admin, kind):
        codes = form["codes"]
        period = f"{form['year']}{form['month']:02d}"
        month = admin.get(f"truth/{rut}", period=period)
        documents, boletas = month["documents"], month["boletas"]
        withheld = sum(one["withheld"] for one in month["fees"] if one["status_raw"] == "N")
        debits = by_type(documents, "sale", {30, 33, 56}) - by_type(documents, "sale", {61})
        credit = by_type(documents, "purchase", {30, 33, 56})
        credit -= by_type(documents, "purchase", {61})
        assert codes["111"] == sum(one["vat"] for one in boletas if one["doc_type"] == 39)
        assert codes["759"] == sum(one["vat"] for one in boletas if one["doc_type"] == 48)
        assert codes["538"] == debits + codes["111"] + codes["759"]
        assert codes["537"] == credit + codes["504"]
        assert codes["89"] - codes["77"] == codes["538"] - codes["537"]
        assert min(codes["89"], codes["77"]) == 0
        assert codes["94"] == codes["91"] == codes["547"] == codes["595"]
        assert codes["595"] == codes["89"] + codes["62"] + codes["48"] + codes["151"]
        assert codes["151"] == (0 if form["status"] in ("Rectificada", "Anulada") else withheld)
        if form["status"] == "Vigente":
            assert remainder in (None, codes["504"])
            remainder = codes["77"]


def test_the_day_12_company_has_rectified_and_annulled_returns(admin: Admin) -> None:
    words = {kind: {one["status"] for one in truth(admin, kind)} for kind in "AE"}
    assert words == {"A": {"Vigente"}, "E": {"Vigente", "Rectificada", "Anulada"}}
    assert all(int(one["submitted_on"][-2:]) <= 12 for one in truth(admin, "E"))
    current = [
        (one["year"], one["month"]) for one in truth(admin, "E") if one["status"] == "Vigente"
    ]
    assert current == [(2026, month) for month in range(1, 11)]


def test_a_return_is_listed_from_the_day_after_it_was_handed_in(admin: Admin) -> None:
    last = truth(admin, "E")[-1]
    admin.http.put("clock", json={"today": last["submitted_on"]})
    assert last not in truth(admin, "E")


@pytest.mark.parametrize("app", ["rfiInternet", "sifmConsultaInternet"])
def test_the_list_shows_the_truth(admin: Admin, portal: PortalClient, app: str) -> None:
    portal.enter(admin.company("E"))
    listed = [(row[1], row[4], row[5], row[6]) for row in rows(portal, 2026, app)]
    assert listed == [
        (one["folio"], one["status"], one["amount"], one["cod_int"]) for one in truth(admin, "E")
    ]
    assert rows(portal, 2019, app) == []


def test_a_person_sees_the_returns_of_both_companies(admin: Admin, portal: PortalClient) -> None:
    portal.enter(admin.company("F"))
    assert len({row[2] for row in rows(portal, 2026)}) == 2


@pytest.mark.parametrize("path", [LIST_A, LIST_B, "/www4/rfiInternet/formCompacto?folio=1"])
def test_without_a_session_everything_leads_to_the_login(portal: PortalClient, path: str) -> None:
    answer = portal.http.get(path)
    assert answer.status_code == 302
    assert "IngresoRutClave" in answer.headers["location"]
    answer = portal.http.post(
        "/www4/rfiInternet/svcConsulta", content="getDocumentosBusqueda|29|2026|"
    )
    assert answer.text.startswith("//EX")


def test_the_pdf_carries_folio_rut_and_period(admin: Admin, portal: PortalClient) -> None:
    company = admin.company("A")
    rut = company["rut"].split("-")[0]
    form = truth(admin, "A")[-1]
    answer = pdf(portal.enter(company), form, rut)
    assert answer.headers["content-type"] == "application/pdf"
    text = PdfReader(BytesIO(answer.content)).pages[0].extract_text()
    for part in (str(form["folio"]), f"{int(rut):,}".replace(",", "."), "202610"):
        assert part in text


def test_the_pdf_is_given_to_nobody_who_asks_wrongly(admin: Admin, portal: PortalClient) -> None:
    company, form = admin.company("A"), truth(admin, "A")[-1]
    rut = company["rut"].split("-")[0]
    portal.enter(company)
    other = truth(admin, "E")[-1]
    for changes in ({"codInt": 1}, {"folio": other["folio"]}, {"rut": "1"}, {"form": "22"}):
        answer = pdf(portal, form, rut, changes)
        assert "No se encontró" in answer.text
    query = {"folio": form["folio"], "rut": rut, "form": "029", "codInt": form["cod_int"]}
    for headers in ({"Accept": "application/pdf"}, REFERER | {"Accept": "image/png"}):
        filled = {name: value.format(portal.address) for name, value in headers.items()}
        answer = portal.http.get("/www4/rfiInternet/formCompacto", params=query, headers=filled)
        assert answer.status_code == 403


@pytest.mark.parametrize("kind", ["pdf_corrupt", "pdf_html", "pdf_truncated", "pdf_wrong_folio"])
def test_a_fault_breaks_as_many_pdfs_as_it_says(
    admin: Admin, portal: PortalClient, kind: str
) -> None:
    company, form = admin.company("A"), truth(admin, "A")[-1]
    rut = company["rut"].split("-")[0]
    portal.enter(company)
    good = pdf(portal, form, rut).content
    fault = {"path": "/www4/rfiInternet/formCompacto", "kind": kind, "count": 1}
    admin.http.post("faults", json=fault).raise_for_status()
    assert pdf(portal, form, rut).content != good
    assert pdf(portal, form, rut).content == good


def test_the_detail_has_the_object_of_the_tax_folder(admin: Admin, portal: PortalClient) -> None:
    company, form = admin.company("A"), truth(admin, "A")[-1]
    query = {
        "folio": form["folio"], "rut": company["rut"].split("-")[0], "form": "29",
        "codInt": form["cod_int"],
    }  # fmt: skip
    page = portal.enter(company).http.get("/www4/rfiInternet/formDetalle", params=query).text
    found = re.search(r"var datos = (.*?);</script>", page, re.DOTALL)
    assert found
    parsed = parse_sii_cte_f29_datos_obj(json.loads(found[1]))
    assert (parsed.folio, str(parsed.contribuyente_rut)) == (form["folio"], company["rut"])
    assert parsed.extra[538] == form["codes"]["538"]


def test_rectifying_is_a_violation(admin: Admin, portal: PortalClient) -> None:
    company = admin.company("E")
    portal.enter(company).http.post("/www4/rfiInternet/rectificarF29/rectificar")
    (violation,) = admin.state["violations"]
    assert (violation["kind"], violation["rut"]) == ("rectify_clicked", company["login_rut"])


def test_no_truth_for_an_unknown_company_or_year(admin: Admin) -> None:
    assert admin.http.get("truth/70000000-1/f29", params={"year": "2026"}).status_code == 404
    path = f"truth/{admin.company('A')['rut']}/f29"
    assert admin.http.get(path, params={"year": "26"}).status_code == 422
