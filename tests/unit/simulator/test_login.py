"""Login, sessions and logout, as domain knowledge says the portal does it."""

from datetime import date

import pytest

from simulator.settings import Settings
from tests.unit.simulator.portal_client import LOGIN, PortalClient
from tests.unit.simulator.server import Admin, running
from tests.waiting import wait_until

HOME = "/misiir/cgi_misii/siihome.cgi"
RCV = "/www4/consdcvinternetui/"
SESSION_COOKIES = {
    "TOKEN", "CSESSIONID", "RUT_NS", "DV_NS", *(
        f"NETSCAPE_LIVEWIRE.{name}"
        for name in ("rut", "rutm", "dv", "dvm", "clave", "mac", "exp", "sec", "lms")
    ),
}  # fmt: skip


@pytest.mark.parametrize("path", [HOME, RCV])
def test_a_protected_page_leads_to_the_login_with_itself_behind_the_question_mark(
    path: str, portal: PortalClient
) -> None:
    answer = portal.http.get(path)
    assert answer.status_code == 302
    assert answer.headers["location"] == f"{portal.address}{LOGIN}?{portal.address}{path}"


def test_the_login_page_has_the_fields_of_the_real_one(portal: PortalClient) -> None:
    page = portal.http.get(LOGIN).text
    for fragment in (
        'id="myform"', 'onsubmit="return ejecuta_opcion();"', 'id="rutcntr"', 'maxlength="12"',
        'type="password" id="clave"', 'id="rut"', 'id="dv"', 'value="http://www.sii.cl"',
        'name="411"', 'id="bt_ingresar"', 'id="alert_placeholder"', "SIMULADOR - no es el SII",
        "<title>Autenticación</title>",
    ):  # fmt: skip
        assert fragment in page
    script = portal.http.get("/zeusr/AUT2000/js/AutAll.js")
    assert "validaCamposAut" in script.text


def test_a_login_sets_the_cookies_and_goes_to_the_destination(
    admin: Admin, portal: PortalClient
) -> None:
    company = admin.company("A")
    destination = portal.address + RCV
    answer = portal.log_in(company["login_rut"], company["clave"], destination)
    assert (answer.status_code, answer.headers["location"]) == (302, destination)
    assert set(answer.cookies) == SESSION_COOKIES
    assert portal.http.get(RCV).status_code == 200
    assert admin.state["open_sessions"] == {company["login_rut"]: 1}


def test_a_foreign_destination_is_not_followed(admin: Admin, portal: PortalClient) -> None:
    company = admin.company("A")
    answer = portal.log_in(company["login_rut"], company["clave"], "http://elsewhere.test/")
    assert answer.headers["location"] == portal.address + HOME


def test_a_wrong_clave_gets_a_page_with_code_20_and_a_second_try_is_a_violation(
    admin: Admin, portal: PortalClient
) -> None:
    company = admin.company("A")
    answer = portal.log_in(company["login_rut"], "no")
    assert answer.status_code == 200
    assert "La Clave Tributaria ingresada no es correcta" in answer.text
    assert "500.720.20" in answer.text
    assert not answer.cookies
    assert admin.state["violations"] == []
    portal.enter(company)
    state = admin.state
    assert state["login_attempts"][company["login_rut"]] == ["wrong_password", "ok"]
    assert [one["kind"] for one in state["violations"]] == ["login_after_wrong_password"]


def test_company_g_is_wrong_once_and_then_blocked(admin: Admin, portal: PortalClient) -> None:
    company = admin.company("G")
    first = portal.log_in(company["login_rut"], company["clave"])
    second = portal.log_in(company["login_rut"], company["clave"])
    assert "500.720.20" in first.text
    assert "500.720.09" in second.text


def test_any_account_is_blocked_after_three_wrong_claves(
    admin: Admin, portal: PortalClient
) -> None:
    company = admin.company("E")
    for _ in range(3):
        assert "500.720.20" in portal.log_in(company["login_rut"], "no").text
    assert "500.720.09" in portal.log_in(company["login_rut"], company["clave"]).text


def test_the_eleventh_session_is_refused_until_one_is_closed(
    admin: Admin, address: str, portal: PortalClient
) -> None:
    company = admin.company("A")
    for _ in range(10):
        portal.enter(company)
    with PortalClient(address) as other:
        refused = other.log_in(company["login_rut"], company["clave"])
    assert "01.01.190.500.720.27" in refused.text
    assert [one["kind"] for one in admin.state["violations"]] == ["session_cap"]
    portal.http.get("/zeusr/cgi_AUT2000/autTermino.cgi")
    portal.enter(company)


def test_logout_ends_the_session_and_leads_away(admin: Admin, portal: PortalClient) -> None:
    token = portal.enter(admin.company("A")).http.cookies["TOKEN"]
    answer = portal.http.get("/zeusr/cgi_AUT2000/autTermino.cgi")
    assert answer.status_code == 302
    assert "autTermino" not in answer.headers["location"]
    assert "TOKEN" not in portal.http.cookies
    assert admin.state["open_sessions"] == {}
    portal.http.cookies.set("TOKEN", token)
    assert portal.http.get(HOME).status_code == 302


@pytest.mark.parametrize("missing", ["rut", "dv", "411"])
def test_a_form_without_its_hidden_fields_is_no_login_try(
    missing: str, admin: Admin, portal: PortalClient
) -> None:
    body, dv = admin.company("A")["login_rut"].split("-")
    form = {"rut": body, "dv": dv, "411": "simulado", "clave": "x"}
    del form[missing]
    answer = portal.http.post("/zeusr/cgi_AUT2000/CAutInicio.cgi", data=form)
    assert "500.720.05" in answer.text
    assert admin.state["login_attempts"] == {}


def test_an_idle_session_ends_by_itself() -> None:
    settings = Settings(
        today=date(2026, 11, 15), session_idle_seconds=0.2, smtp_host="127.0.0.1", smtp_port=0
    )
    with running(settings) as address, Admin(address) as admin, PortalClient(address) as portal:
        portal.enter(admin.company("A"))
        wait_until(lambda: admin.state["open_sessions"] == {}, what="the session's end")
        assert portal.http.get(HOME).status_code == 302


def test_the_home_page_tells_who_is_logged_in(admin: Admin, portal: PortalClient) -> None:
    page = portal.enter(admin.company("E")).http.get(HOME).text
    assert "var DatosCntrNow" in page
    assert '"autorizadoDeclararDia20": "N"' in page
    assert "Cerrar Sesión" in page
    assert "SIMULADOR - no es el SII" in page


def test_a_person_has_no_razon_social(admin: Admin, portal: PortalClient) -> None:
    page = portal.enter(admin.company("F")).http.get(HOME).text
    assert '"razonSocial": null' in page


def test_a_given_public_address_stands_in_every_redirect() -> None:
    settings = Settings(public_url="http://portal.test:9", smtp_host="127.0.0.1", smtp_port=0)
    with running(settings) as address, PortalClient(address) as portal:
        answer = portal.http.get(HOME)
    assert answer.headers["location"].startswith(f"http://portal.test:9{LOGIN}?http://portal.test")


def test_bytes_that_are_no_text_are_no_login_try(admin: Admin, portal: PortalClient) -> None:
    answer = portal.http.post("/zeusr/cgi_AUT2000/CAutInicio.cgi", content=b"rut=\xff\xfe&dv=1")
    assert "500.720.05" in answer.text
    assert admin.state["login_attempts"] == {}
