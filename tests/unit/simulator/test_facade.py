"""The RCV's facade: everything the real one refuses is refused, and sums reconcile."""

from typing import Any

import pytest

from tests.unit.simulator.portal_client import ACCEPT, FACADE, PortalClient, export, question
from tests.unit.simulator.server import Admin


@pytest.fixture
def company(admin: Admin) -> dict[str, Any]:
    return admin.company("A")


@pytest.fixture
def bound(portal: PortalClient, company: dict[str, Any]) -> PortalClient:
    return portal.enter(company).bind()


def refusal(answer: Any) -> int:
    assert answer.status_code == 200
    assert answer.json()["data"] is None
    return answer.json()["respEstado"]["codRespuesta"]


@pytest.mark.parametrize("step", ["index", "obtieneConf", "load", "AutTknData"])
def test_without_one_step_of_the_bootstrap_the_session_is_not_bound(
    step: str, portal: PortalClient, company: dict[str, Any]
) -> None:
    answer = portal.enter(company).bind(without=step).call("getResumen", question(company))
    assert answer.status_code == 401
    assert "JBWEB000065" in answer.text


def test_without_the_start_data_there_is_no_summary(
    portal: PortalClient, company: dict[str, Any]
) -> None:
    client = portal.enter(company).bind(without="getDatosInicio")
    assert refusal(client.call("getResumen", question(company))) == 7


def test_without_a_session_the_answer_is_401(portal: PortalClient, company: dict[str, Any]) -> None:
    assert portal.call("getResumen", question(company)).status_code == 401


@pytest.mark.parametrize("accept", ["application/json", "*/*", "application/json, text/plain"])
def test_a_narrower_accept_header_is_a_500(
    accept: str, bound: PortalClient, company: dict[str, Any]
) -> None:
    answer = bound.call("getResumen", question(company), accept=accept)
    assert answer.status_code == 500
    assert "RESTEASY001530" in answer.text


def test_the_conversation_is_the_token_and_not_the_rut(
    bound: PortalClient, company: dict[str, Any]
) -> None:
    answer = bound.call("getResumen", question(company), conversationId=company["rut"])
    assert refusal(answer) == 1
    text = answer.json()["respEstado"]["msgeRespuesta"]
    assert text == "El token no es valido: NO Existen Datos"


def test_the_namespace_must_name_the_method(bound: PortalClient, company: dict[str, Any]) -> None:
    assert refusal(bound.call("getResumen", question(company), namespace="x/getResumen")) == 2


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"ptributario": "202612"}, 5),
        ({"ptributario": "202613"}, 5),
        ({"ptributario": "201707"}, 5),
        ({"ptributario": None}, 5),
        ({"operacion": "OTRA"}, 6),
        ({"estadoContab": ""}, 6),
        ({"operacion": "VENTA", "estadoContab": "PENDIENTE"}, 6),
        ({"busquedaInicial": False}, 6),
        ({"rutEmisor": "70000000"}, 3),
    ],
)
def test_a_summary_is_refused_for_one_wrong_field(
    wrong: dict[str, Any], code: int, bound: PortalClient, company: dict[str, Any]
) -> None:
    assert refusal(bound.call("getResumen", question(company) | wrong)) == code


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"accionRecaptcha": "RCV_DDETV"}, 4),
        ({"tokenRecaptcha": ""}, 4),
        ({"codTipoDoc": "treinta"}, 6),
        ({"codTipoDoc": None}, 6),
        ({"operacion": "VENTA"}, 6),
    ],
)
def test_an_export_is_refused_for_one_wrong_field(
    wrong: dict[str, Any], code: int, bound: PortalClient, company: dict[str, Any]
) -> None:
    method, data = export(company)
    assert refusal(bound.call(method, data | wrong)) == code


def test_another_companys_rut_is_not_authorised(admin: Admin, bound: PortalClient) -> None:
    assert refusal(bound.call("getResumen", question(admin.company("B")))) == 3


def test_a_person_may_ask_for_both_companies(admin: Admin, portal: PortalClient) -> None:
    both = [one for one in admin.get("companies") if one["kind"] == "F"]
    client = portal.enter(both[0]).bind()
    listed = client.call("getDcvEmpresasAutorizadas", {}).json()["data"]
    assert [f"{one['rut']}-{one['dv']}" for one in listed] == [one["rut"] for one in both]
    for one in both:
        assert client.call("getResumen", question(one)).json()["data"]


@pytest.mark.parametrize("state", ["REGISTRO", "PENDIENTE", "NO_INCLUIR", "RECLAMADO"])
def test_summary_detail_and_export_agree(
    state: str, bound: PortalClient, company: dict[str, Any]
) -> None:
    summary = bound.call("getResumen", question(company, estadoContab=state)).json()
    lines = bound.call(*export(company, estadoContab=state)).json()["data"][1:]
    numbered = [line.split(";") for line in lines if not line.startswith(";")]
    assert summary["totDocRes"] == len(numbered)
    for row in summary["data"]:
        doc_type = row["rsmnTipoDocInteger"]
        of_type = [line for line in numbered if line[1] == str(doc_type)]
        detail = question(company, estadoContab=state) | {
            "codTipoDoc": str(doc_type),
            "accionRecaptcha": "RCV_DETC",
            "tokenRecaptcha": "t-o-k-e-n-web",
        }
        rows = bound.call("getDetalleCompra", detail).json()["data"]
        assert row["rsmnTotDoc"] == len(of_type) == len(rows)
        assert row["rsmnMntTotal"] == sum(one["detMntTotal"] for one in rows)
        assert row["rsmnMntNeto"] == sum(one["detMntNeto"] for one in rows)
        assert all(one["detTipoDoc"] is None for one in rows)


def test_an_export_can_be_asked_for_one_type_and_a_detail_not_for_all(
    bound: PortalClient, company: dict[str, Any]
) -> None:
    lines = bound.call(*export(company, codTipoDoc="61")).json()["data"][1:]
    assert {line.split(";")[1] for line in lines} == {"61"}
    _, data = export(company, accionRecaptcha="RCV_DETC")
    assert refusal(bound.call("getDetalleCompra", data)) == 6


@pytest.mark.parametrize("state", ["REGISTRO", ""])
def test_sales_are_found_with_and_without_a_state(
    state: str, bound: PortalClient, company: dict[str, Any]
) -> None:
    asked = question(company, operation="VENTA", estadoContab=state)
    assert bound.call("getResumen", asked).json()["data"]


def test_no_movement_is_said_by_a_code_of_its_own(admin: Admin, portal: PortalClient) -> None:
    quiet = admin.company("C")
    client = portal.enter(quiet).bind()
    for answer in (
        client.call("getResumen", question(quiet)),
        client.call(*export(quiet)),
    ):
        assert answer.json()["data"] == []
        assert answer.json()["respEstado"]["codRespuesta"] == 99


def test_a_write_is_recorded_whoever_tries(
    admin: Admin, bound: PortalClient, company: dict[str, Any]
) -> None:
    assert bound.call("ingresarAceptacionReclamoDocs", {}).status_code == 404
    state = admin.state
    assert state["writes_attempted"] == 1
    assert state["violations"][0]["rut"] == company["login_rut"]


def test_the_state_tells_which_registers_were_read_how_often(
    admin: Admin, bound: PortalClient, company: dict[str, Any]
) -> None:
    for asked in (question(company), question(company), question(company, operation="OTRA")):
        bound.call("getResumen", asked)
    bound.call(*export(company, "VENTA"))
    assert admin.state["readings"] == {
        f"getDetalleVentaExport {company['rut']} 202610 VENTA REGISTRO": 1,
        f"getResumen {company['rut']} 202610 COMPRA REGISTRO": 2,
    }


@pytest.mark.parametrize("body", [b"", b"[]", b'{"data": 1}', b'{"metaData": "", "data": 1}'])
def test_a_body_that_is_no_envelope_is_a_400(body: bytes, bound: PortalClient) -> None:
    answer = bound.http.post(f"{FACADE}getResumen", content=body, headers={"Accept": ACCEPT})
    assert answer.status_code == 400


def test_the_jsonp_answer_calls_back_and_nothing_else(portal: PortalClient) -> None:
    address = "/zeusr/cgi_AUT2000/AutTknData.cgi"
    answer = portal.http.get(address, params={"callback": "jQuery_123", "rnd": "1", "_": "2"})
    assert answer.text.startswith("jQuery_123({")
    assert portal.http.get(address, params={"callback": "alert(1)//"}).status_code == 400


def test_the_rcv_page_has_the_elements_of_the_real_one(bound: PortalClient) -> None:
    page = bound.http.get("/www4/consdcvinternetui/").text
    for fragment in (
        'id="periodoMes"', 'ng-model="periodoAnho"', 'href="#venta/"', 'href="#compra/"',
        "btn btn-default btn-xs-block btn-block", "Descargar Detalles", "SIMULADOR - no es el SII",
    ):  # fmt: skip
        assert fragment in page
    assert bound.http.get("/www4/consdcvinternetui/app/js/rcv.js").status_code == 200
