"""Registers that are too large for one answer: nothing comes at once, a file does later."""

import gzip
from typing import Any

import pytest

from tests.unit.simulator.portal_client import ACCEPT, FACADE, PortalClient, export, question
from tests.unit.simulator.server import Admin

PENDING = {"path": f"{FACADE}getCtrlAsync", "kind": "export_pending", "count": 1}


@pytest.fixture
def company(admin: Admin) -> dict[str, Any]:
    return admin.company("B")


@pytest.fixture
def bound(portal: PortalClient, company: dict[str, Any]) -> PortalClient:
    return portal.enter(company).bind()


def ask(client: PortalClient, company: dict[str, Any], *, begins: bool, **more: Any) -> Any:
    asked = question(company) | {
        "codTipoDoc": 0,
        "generaCtrl": begins,
        "totDoc": 0,
        "accionRecaptcha": "RCV_DDETCA",
        "tokenRecaptcha": "t-o-k-e-n-web",
    }
    return client.call("getCtrlAsync", asked | more).json()


def fetch(client: PortalClient, company: dict[str, Any], row: dict[str, Any]) -> Any:
    body = company["rut"].partition("-")[0]
    user = company["login_rut"].partition("-")[0]
    path = f"{FACADE}obtenerArchivoBLOB/{row['caIdBLOB']}/{user}/{body}/{row['caId']}"
    return client.http.get(path, headers={"Accept": ACCEPT})


def violations(admin: Admin) -> list[str]:
    return [one["kind"] for one in admin.state["violations"]]


def test_more_documents_than_an_answer_takes_come_as_none_at_all(
    company: dict[str, Any], bound: PortalClient
) -> None:
    summary = bound.call("getResumen", question(company)).json()
    assert summary["totDocRes"] > 393
    answer = bound.call(*export(company)).json()
    assert (answer["data"], answer["respEstado"]["codRespuesta"]) == ([], 99)
    assert bound.call(*export(company, codTipoDoc="61")).json()["data"]


def test_a_file_is_asked_for_made_and_fetched(
    admin: Admin, company: dict[str, Any], bound: PortalClient
) -> None:
    assert ask(bound, company, begins=False)["respEstado"]["codRespuesta"] == 99
    [row] = ask(bound, company, begins=True)["data"]
    assert (row["caEstado"], row["caIdBLOB"], row["caPeriodo"]) == ("CREADO", "SIN-BLOB", 202610)
    admin.http.post("faults", json=PENDING).raise_for_status()
    [row] = ask(bound, company, begins=False)["data"]
    assert (row["caEstado"], row["caIdBLOB"]) == ("EN PROCESO", "SIN-BLOB")
    [row] = ask(bound, company, begins=False)["data"]
    assert row["caEstado"] == "TERMINADO"

    header, *lines = (
        gzip.decompress(fetch(bound, company, row).content).decode("latin-1").splitlines()
    )
    assert header.startswith("Nro;Tipo")
    true = admin.get(f"truth/{company['rut']}", period="202610")["summary"]
    counted = [
        one["count"]
        for one in true
        if (one["direction"], one["accounting_state"]) == ("purchase", "REGISTRO")
    ]
    assert row["caNumLineas"] == sum(counted) > 393
    assert lines
    assert violations(admin) == []
    asked = f"{company['rut']} 202610 COMPRA REGISTRO"
    readings = admin.state["readings"]
    assert (readings[f"getCtrlAsync {asked}"], readings[f"obtenerArchivoBLOB {asked}"]) == (1, 1)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        pytest.param({"generaCtrl": None}, 6, id="neither begun nor looked at"),
        pytest.param({"totDoc": ...}, 6, id="no totDoc"),
        pytest.param({"codTipoDoc": None}, 6, id="no type"),
        pytest.param({"accionRecaptcha": "RCV_DDETC"}, 4, id="another action"),
        pytest.param({"tokenRecaptcha": "x"}, 4, id="another token"),
        pytest.param({"rutEmisor": "70000000"}, 3, id="another company"),
        pytest.param({"estadoContab": "OTRO"}, 6, id="no state"),
    ],
)
def test_a_file_is_refused_for_one_wrong_field(
    admin: Admin, company: dict[str, Any], bound: PortalClient, wrong: dict[str, Any], code: int
) -> None:
    data = question(company) | {
        "codTipoDoc": 0,
        "generaCtrl": True,
        "totDoc": 0,
        "accionRecaptcha": "",
        "tokenRecaptcha": "",
    }
    data = {name: value for name, value in (data | wrong).items() if value is not ...}
    answer = bound.call("getCtrlAsync", data).json()
    assert (answer["data"], answer["respEstado"]["codRespuesta"]) == (None, code)
    assert violations(admin) == []


def test_what_no_polite_client_does_is_a_violation(
    admin: Admin, company: dict[str, Any], bound: PortalClient
) -> None:
    [row] = ask(bound, company, begins=True)["data"]
    assert fetch(bound, company, row | {"caIdBLOB": "SIN-BLOB"}).status_code == 404
    ask(bound, company, begins=True, estadoContab="PENDIENTE")
    assert violations(admin) == ["export_not_offered"]
    ask(bound, company, begins=True)
    assert violations(admin)[1:] == ["export_asked_twice"]
    *_, row = ask(bound, company, begins=False)["data"]
    stranger = company | {"rut": admin.company("A")["rut"]}
    assert fetch(bound, stranger, row).status_code == 404
    assert len(violations(admin)) == 3


def test_a_file_may_come_in_half_and_with_another_header(
    admin: Admin, company: dict[str, Any], bound: PortalClient
) -> None:
    ask(bound, company, begins=True)
    [row] = ask(bound, company, begins=False)["data"]
    for kind in ("export_corrupt", "csv_bad_header"):
        rule = {"path": f"{FACADE}obtenerArchivoBLOB", "kind": kind, "count": 1}
        admin.http.post("faults", json=rule).raise_for_status()
    with pytest.raises(EOFError):
        gzip.decompress(fetch(bound, company, row).content)
    assert b"Tipo Documento;" in gzip.decompress(fetch(bound, company, row).content)
    assert b"Tipo Doc;" in gzip.decompress(fetch(bound, company, row).content)
