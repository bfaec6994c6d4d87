"""The report of received boletas de honorarios: strict as its CGI, paged, and never in UTF-8."""

import re
from datetime import date
from typing import Any

import httpx
import pytest

from simulator.truth import Period, seeded_companies
from simulator.truth.fees import ANNULLED, fees_of
from tests.unit.simulator.portal_client import PortalClient
from tests.unit.simulator.server import Admin

REPORT = "/loa/cgi_IMT/TMBCOC_InformeMensualBheRec.cgi"
MENU = "/loa/cgi_IMT/TMBCOC_MenuConsultasContribRec.cgi"
FOLIO = re.compile(r"arr_informe_mensual\['nroboleta_\d+'\] = \"(\d+)\";")


@pytest.fixture
def company(admin: Admin) -> dict[str, Any]:
    return admin.company("A")


def ask(
    client: PortalClient, company: dict[str, Any], referer: str | None = None, **form: Any
) -> httpx.Response:
    body, dv = company["rut"].split("-")
    asked = {
        "rut_arrastre": body, "dv_arrastre": dv, "pagina_solicitada": "0",
        "cbmesinformemensual": "10", "cbanoinformemensual": "2026",
    }  # fmt: skip
    data = {name: value for name, value in (asked | form).items() if value is not None}
    headers = {"Referer": f"{client.address}{MENU}" if referer is None else referer}
    return client.http.post(REPORT, data=data, headers=headers)


def test_the_report_is_in_latin_1_and_tells_whose_and_how_many(
    admin: Admin, portal: PortalClient, company: dict[str, Any]
) -> None:
    answer = ask(portal.enter(company), company)
    assert answer.headers["content-type"] == "text/html; charset=iso-8859-1"
    text = answer.content.decode("latin-1")
    fees = admin.get(f"truth/{company['rut']}", period="202610")["fees"]
    assert fees
    assert f"xml_values['total_boletas'] = \"{len(fees)}\";" in text
    assert f"xml_values['rut_arrastre'] = \"{company['rut'].split('-')[0]}\";" in text
    assert [int(folio) for folio in FOLIO.findall(text)] == [one["folio"] for one in fees]
    first = fees[0]
    assert f"['totalhonorarios_1'] = formatMiles(\"{first['gross']}\",'.');" in text
    assert f"['nombre_emisor_1'] = \"{first['issuer_name'].replace('&', '&amp;')}\";" in text


def test_a_hundred_rows_are_a_page_and_page_0_is_the_first(
    admin: Admin, portal: PortalClient
) -> None:
    large = admin.company("B")
    client = portal.enter(large)
    sizes = [
        len(FOLIO.findall(ask(client, large, pagina_solicitada=str(page)).text))
        for page in range(4)
    ]
    fees = admin.get(f"truth/{large['rut']}", period="202610")["fees"]
    assert sizes == [100, 100, len(fees) - 100, 0]


def test_a_month_without_any_says_so(admin: Admin, portal: PortalClient) -> None:
    quiet = admin.company("C")
    assert "xml_values['total_boletas'] = \"0\";" in ask(portal.enter(quiet), quiet).text


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"referer": ""}, "I082"),
        ({"referer": "https://elsewhere.test/"}, "I082"),
        ({"pagina_solicitada": None}, "TMB020a"),
        ({"cbmesinformemensual": "1"}, "PERIODO"),
        ({"cbanoinformemensual": "2027"}, "PERIODO"),
        ({"rut_arrastre": "70000000"}, "AUTORIZACION"),
    ],
)
def test_one_wrong_detail_is_refused_on_a_page(
    wrong: dict[str, Any], code: str, portal: PortalClient, company: dict[str, Any]
) -> None:
    answer = ask(portal.enter(company), company, **wrong)
    assert answer.status_code == 200
    assert code in answer.text
    assert "total_boletas" not in answer.text


def test_without_a_session_the_login_page_comes_in_its_place(
    portal: PortalClient, company: dict[str, Any]
) -> None:
    answer = ask(portal, company)
    assert answer.status_code == 200
    assert "CAutInicio.cgi" in answer.text


def test_a_page_can_lack_a_row_and_is_in_latin_1_already(
    admin: Admin, portal: PortalClient, company: dict[str, Any]
) -> None:
    client = portal.enter(company)
    whole = ask(client, company)
    for kind in ("fees_mismatch", "latin1"):
        rule = {"path": "/loa", "kind": kind, "count": 1, "rut": company["rut"]}
        admin.http.post("faults", json=rule).raise_for_status()
    assert len(FOLIO.findall(ask(client, company).text)) == len(FOLIO.findall(whole.text)) - 1
    assert ask(client, company).content == whole.content
    reading = f"InformeMensualBheRec {company['rut']} 202610 HONORARIO 1"
    assert admin.state["readings"][reading] == 3


def test_the_same_seed_makes_the_same_boletas_and_each_once() -> None:
    _, large, *_ = seeded_companies(7)
    october = Period(2026, 10)
    fees = fees_of.__wrapped__(7, large, october)
    assert fees == fees_of(7, large, october)
    assert fees != fees_of(8, large, october)
    months = [fees_of(7, large, Period(2026, month)) for month in range(1, 13)]
    keys = [(one.issuer_rut, one.folio) for month in months for one in month]
    assert len(set(keys)) == len(keys)
    assert {one.status for one in fees} == {"N", "S"}
    for one in fees:
        assert int(one.issuer_rut.digits) >= 70_000_000
        assert one.net + one.withheld == one.gross
        assert (one.annulled_on is None) == (one.status != ANNULLED)
        assert one.issue_date >= date(2026, 10, 1)
        assert one.withheld in (0, round(one.gross * 0.1525 + 1e-6))
