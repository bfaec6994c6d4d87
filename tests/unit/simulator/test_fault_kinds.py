"""Each kind of fault does what its name says; chance is repeatable; violations are counted."""

import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from simulator.settings import Settings
from tests.unit.simulator.portal_client import FACADE, LOGIN, PortalClient, export, question
from tests.unit.simulator.server import Admin, running

HOME = "/misiir/cgi_misii/siihome.cgi"
SUBMIT = "/zeusr/cgi_AUT2000/CAutInicio.cgi"
LIST_B = "/www4/rfiInternet/rectificarF29/index.html"


@pytest.fixture
def company(admin: Admin) -> dict[str, Any]:
    return admin.company("A")


def add(admin: Admin, path: str, kind: str, **rule: Any) -> dict[str, Any]:
    answer = admin.http.post("faults", json={"path": path, "kind": kind} | rule)
    assert answer.status_code == 201, answer.text
    [made] = answer.json()
    return made


def hits(admin: Admin, portal: PortalClient, **rule: Any) -> list[bool]:
    """Returns which of thirty requests meet a rule."""
    made = add(admin, LOGIN, "http_500", **rule)
    found = [portal.http.get(LOGIN).status_code == 500 for _ in range(30)]
    admin.http.delete(f"faults/{made['id']}")
    return found


def test_the_same_seed_meets_the_same_requests_again(admin: Admin, portal: PortalClient) -> None:
    first = hits(admin, portal, probability=0.5, seed=11)
    assert hits(admin, portal, probability=0.5, seed=11) == first
    assert 0 < sum(first) < 30
    assert hits(admin, portal, probability=0.5, seed=12) != first
    assert sum(hits(admin, portal, probability=0.5, seed=11, count=2)) == 2


def test_a_rule_without_a_seed_tells_the_one_that_it_took(admin: Admin) -> None:
    seeds = {add(admin, "/www4", "http_500", probability=0.5)["seed"] for _ in range(3)}
    assert len(seeds) == 3


def test_the_first_requests_can_be_spared(admin: Admin, portal: PortalClient) -> None:
    assert hits(admin, portal, after=3, count=2) == [False] * 3 + [True] * 2 + [False] * 25


def test_what_one_rule_spares_another_may_meet(admin: Admin, portal: PortalClient) -> None:
    add(admin, LOGIN, "http_500", probability=0)
    add(admin, LOGIN, "http_503")
    assert portal.http.get(LOGIN).status_code == 503


@pytest.mark.parametrize("probability", [-0.1, 1.1, "often"])
def test_a_probability_that_is_none_is_refused(admin: Admin, probability: Any) -> None:
    rule = {"path": "/www4", "kind": "http_500", "probability": probability}
    assert admin.http.post("faults", json=rule).status_code == 422


def test_too_many_requests_are_told_when_to_come_again(admin: Admin, portal: PortalClient) -> None:
    add(admin, LOGIN, "rate_limit_429", retry_after=7)
    answer = portal.http.get(LOGIN)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")


def test_the_waiting_room_leads_on_to_where_one_wanted_to_go(
    admin: Admin, portal: PortalClient
) -> None:
    add(admin, HOME, "queue_wait", retry_after=5, count=1)
    answer = portal.http.get(HOME, follow_redirects=True)
    assert "/queue-it/" in str(answer.url)
    assert f'content="5;url={portal.address}{HOME}"' in answer.text
    assert "QueueITAccepted-SDFrts345E-V3_sii" in portal.http.cookies
    elsewhere = portal.http.get("/zeusr/queue-it/", params={"t": "http://elsewhere.test/"})
    assert "elsewhere" not in elsewhere.text


def test_a_session_ends_after_as_many_requests_as_said(
    admin: Admin, portal: PortalClient, company: dict[str, Any]
) -> None:
    portal.enter(company)
    add(admin, "/misiir", "expired_session", after=2, count=1)
    assert [portal.http.get(HOME).status_code for _ in range(4)] == [200, 200, 302, 302]
    assert admin.state["open_sessions"] == {}


@pytest.mark.parametrize(
    ("kind", "code"), [("wrong_password", "20"), ("blocked", "09"), ("too_many_sessions", "27")]
)
def test_a_right_clave_is_refused_as_told(
    admin: Admin, portal: PortalClient, company: dict[str, Any], kind: str, code: str
) -> None:
    add(admin, SUBMIT, kind, count=1)
    answer = portal.log_in(company["login_rut"], company["clave"])
    assert f"500.720.{code}" in answer.text
    state = admin.state
    assert state["login_attempts"] == {company["login_rut"]: [kind]}
    assert (state["open_sessions"], state["violations"]) == ({}, [])
    portal.enter(company)
    violations = [one["kind"] for one in admin.state["violations"]]
    assert violations == ([] if kind == "too_many_sessions" else ["login_after_wrong_password"])


def test_whoever_takes_a_new_clave_may_try_again(
    admin: Admin, portal: PortalClient, company: dict[str, Any]
) -> None:
    for _ in range(4):  # a fourth wrong one in a row would be a block
        assert "500.720.20" in portal.log_in(company["login_rut"], company["clave"] + "?").text
        changed = admin.http.post("claves", json={"rut": company["login_rut"]}).json()
    portal.enter(company | changed)
    assert admin.state["violations"] == []
    assert admin.http.post("claves", json={"rut": "70000000-1"}).status_code == 404
    assert admin.http.post("claves", json=[]).status_code == 422
    admin.http.post("reset")
    portal.enter(company)


@pytest.fixture
def bound(portal: PortalClient, company: dict[str, Any]) -> PortalClient:
    return portal.enter(company).bind()


def test_html_may_come_under_the_name_of_json(
    admin: Admin, bound: PortalClient, company: dict[str, Any]
) -> None:
    add(admin, FACADE, "json_html_body")
    answer = bound.call("getResumen", question(company))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.text.startswith("<html>")


def test_an_answer_in_latin_1_says_the_same(
    admin: Admin, bound: PortalClient, company: dict[str, Any]
) -> None:
    method, asked = export(company)
    right = bound.call(method, asked).json()
    add(admin, FACADE, "latin1")
    answer = bound.call(method, asked)
    assert answer.headers["content-type"] == "application/json"
    with pytest.raises(UnicodeDecodeError):
        answer.content.decode()
    assert json.loads(answer.content.decode("latin-1"))["data"] == right["data"]


@pytest.mark.parametrize("key", ["A", "C"])
def test_a_summary_may_count_one_too_many(admin: Admin, portal: PortalClient, key: str) -> None:
    company = admin.company(key)
    portal.enter(company).bind()

    def counted() -> int:
        rows = portal.call("getResumen", question(company)).json()["data"]
        return sum(row["rsmnTotDoc"] for row in rows)

    right = counted()
    assert bool(right) == (key != "C")
    add(admin, f"{FACADE}getResumen", "resumen_mismatch")
    assert counted() == right + 1


def test_an_export_may_have_another_header(
    admin: Admin, bound: PortalClient, company: dict[str, Any]
) -> None:
    method, asked = export(company)
    header, *lines = bound.call(method, asked).json()["data"]
    add(admin, FACADE, "csv_bad_header")
    other, *same = bound.call(method, asked).json()["data"]
    assert other == header.replace("Tipo Doc;", "Tipo Documento;") != header
    assert same == lines


def test_a_detail_may_ask_for_a_recaptcha_and_a_summary_does_not(
    admin: Admin, bound: PortalClient, company: dict[str, Any]
) -> None:
    add(admin, FACADE, "recaptcha_required")
    assert bound.call("getResumen", question(company)).json()["data"]
    state = bound.call(*export(company)).json()["respEstado"]
    assert (state["codRespuesta"], state["codError"]) == (4, "RECAPTCHA")
    assert "reCAPTCHA" in state["msgeRespuesta"]


@pytest.mark.parametrize(
    ("kind", "mark"),
    [
        ("js_alert", "<script>alert("),
        ("overlay_intercepts_click", 'id="aviso"'),
        ("new_window_blocked", 'data-fault="new_window_blocked"'),
        ("table_renamed", 'data-fault="table_renamed"'),
    ],
)
def test_a_page_is_told_its_fault(
    admin: Admin, portal: PortalClient, company: dict[str, Any], kind: str, mark: str
) -> None:
    portal.enter(company)
    assert mark not in portal.http.get(LIST_B).text
    add(admin, LIST_B, kind, ms=400)
    page = portal.http.get(LIST_B).text
    assert mark in page
    assert ("remove(), 400)" in page) == (kind == "overlay_intercepts_click")


@pytest.fixture(params=[0.0, 0.001])
def strict(request: pytest.FixtureRequest) -> Iterator[tuple[Admin, PortalClient, bool]]:
    settings = Settings(
        today=date(2026, 11, 15),
        requests_per_second=request.param,
        smtp_host="127.0.0.1",
        smtp_port=0,
    )
    with running(settings) as address, Admin(address) as admin, PortalClient(address) as portal:
        yield admin, portal, bool(request.param)


def test_requests_faster_than_allowed_are_violations_where_a_rate_is_set(
    strict: tuple[Admin, PortalClient, bool],
) -> None:
    admin, portal, is_limited = strict
    company = admin.company("A")
    portal.enter(company)
    for _ in range(2):
        portal.http.get("/www4/consdcvinternetui/")
    portal.http.get("/www4/consdcvinternetui/app/js/rcv.js")
    portal.http.get(HOME)
    assert admin.state["violations"] == []
    portal.http.get("/www4/consdcvinternetui/")
    found = [(one["kind"], one["rut"]) for one in admin.state["violations"]]
    assert found == ([("too_fast", company["login_rut"])] if is_limited else [])
