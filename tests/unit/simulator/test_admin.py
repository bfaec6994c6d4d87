"""/__sim__: companies, truth, state, reset and the clock; and the environment."""

import json
from pathlib import Path

import pytest

from simulator.settings import Settings
from tests.unit.simulator.portal_client import PortalClient, question
from tests.unit.simulator.server import Admin


def test_the_companies_are_a_to_g_and_f_has_two(admin: Admin) -> None:
    companies = admin.get("companies")
    assert [one["kind"] for one in companies] == ["A", "B", "C", "D", "E", "F", "F", "G"]
    assert set(companies[0]) == {"kind", "case", "rut", "razon_social", "login_rut", "clave"}


def test_newcomers_are_apart_and_may_log_in(admin: Admin, portal: PortalClient) -> None:
    newcomers = admin.get("newcomers")
    ruts = {one["rut"] for one in newcomers}
    assert len(ruts) == 100
    assert ruts.isdisjoint(one["rut"] for one in admin.get("companies"))
    portal.enter(newcomers[0])
    assert admin.get(f"truth/{newcomers[0]['rut']}", period="202610")["documents"]


def test_the_truth_has_documents_and_sums_that_agree(admin: Admin) -> None:
    truth = admin.get(f"truth/{admin.company('A')['rut']}", period="202610")
    boletas = sum(day["count"] for day in truth["boletas"])
    assert len(truth["documents"]) + boletas == sum(one["count"] for one in truth["summary"])
    assert truth["documents"][0]["reception_at"].endswith("+00:00")


@pytest.mark.parametrize(
    ("rut", "period", "status"), [("70000000-1", "202610", 404), (None, "2610", 422)]
)
def test_no_truth_for_an_unknown_company_or_period(
    rut: str | None, period: str, status: int, admin: Admin
) -> None:
    path = f"truth/{rut or admin.company('A')['rut']}"
    assert admin.http.get(path, params={"period": period}).status_code == status


def test_the_clock_can_be_set_and_moves_the_truth(admin: Admin) -> None:
    path = f"truth/{admin.company('A')['rut']}"
    before = len(admin.get(path, period="202611")["documents"])
    assert admin.http.put("clock", json={"today": "2026-12-05"}).status_code == 204
    assert len(admin.get(path, period="202611")["documents"]) > before
    assert admin.http.put("clock", json={"today": "ayer"}).status_code == 422


def test_reset_forgets_everything(admin: Admin, portal: PortalClient) -> None:
    portal.enter(admin.company("A"))
    admin.http.put("clock", json={"today": "2026-12-05"})
    admin.http.post("faults", json={"path": "/www4", "kind": "http_500"})
    admin.http.post("reset")
    state = admin.state
    assert state["today"] == "2026-11-15"
    for empty in ("open_sessions", "login_attempts", "faults", "requests", "violations"):
        assert not state[empty]


def test_the_state_counts_requests_and_shows_no_secret(admin: Admin, portal: PortalClient) -> None:
    company = admin.company("A")
    token = portal.enter(company).http.cookies["TOKEN"]
    state = admin.state
    assert state["requests"] == {"POST /zeusr/cgi_AUT2000/CAutInicio.cgi": 1}
    assert token not in json.dumps(state)
    assert company["clave"] not in json.dumps(state)


def test_the_environment_is_read_and_refused_by_name(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("from-a-file\n")
    settings = Settings.from_environment(
        {
            "SIMULATOR_SEED": "9",
            "SIMULATOR_TODAY": "2026-11-15",
            "SIMULATOR_PUBLIC_URL": "http://portal.test/",
            "SIMULATOR_WHATSAPP_TOKEN_FILE": str(token),
        }
    )
    assert (settings.seed, settings.public_url) == (9, "http://portal.test")
    assert settings.whatsapp_token == "from-a-file"
    with pytest.raises(ValueError, match="SIMULATOR_SMTP_PORT"):
        Settings.from_environment({"SIMULATOR_SMTP_PORT": "mail"})


def test_what_is_hidden_is_gone_from_truth_and_register_until_it_is_shown(
    admin: Admin, portal: PortalClient
) -> None:
    company = admin.company("A")
    rut = company["rut"]
    client = portal.enter(company).bind()

    def counts() -> tuple[int, int]:
        documents = admin.get(f"truth/{rut}", period="202610")["documents"]
        asked = question(company, operation="VENTA")
        summary = client.call("getResumen", asked).json()
        return sum(one["direction"] == "sale" for one in documents), summary["totDocRes"]

    before = counts()
    lost = next(
        one
        for one in admin.get(f"truth/{rut}", period="202610")["documents"]
        if one["direction"] == "sale"
    )
    names = ("direction", "doc_type", "counterpart_rut", "folio")
    asked = {"rut": rut} | {name: lost[name] for name in names}
    assert admin.http.post("hidden", json=asked).status_code == 204
    assert counts() == (before[0] - 1, before[1] - 1)
    assert admin.http.delete("hidden").status_code == 204
    assert counts() == before
    assert admin.http.post("hidden", json={"rut": rut}).status_code == 422
