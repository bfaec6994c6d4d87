"""The facade of daily boletas: strict as the RCV's, and its days add up to the RCV's summary."""

from datetime import date
from typing import Any
from uuid import uuid4

import httpx
import pytest

from simulator.truth import Period, seeded_companies
from simulator.truth.boletas import boletas_of
from tests.unit.simulator.portal_client import ACCEPT, PortalClient, question
from tests.unit.simulator.server import Admin

SERVICE = "/www4/complementoscvui/services/data/facadeServiceBoletasDiarias/obtieneListaBoletasMes"
NAMESPACE = (
    "cl.sii.sdi.lob.diii.dcv.data.impl.boletasdiarias.FacadeSettingApplicationService/"
    "obtieneListaBoletasMes"
)
AMOUNTS = {"montoExento": "exempt", "montoNeto": "net", "montoIva": "vat", "montoTotal": "total"}


@pytest.fixture
def company(admin: Admin) -> dict[str, Any]:
    return admin.company("A")


@pytest.fixture
def bound(portal: PortalClient, company: dict[str, Any]) -> PortalClient:
    return portal.enter(company).bind()


def ask(
    client: PortalClient,
    company: dict[str, Any],
    doc_type: str = "39",
    accept: str = ACCEPT,
    metadata: dict[str, Any] | None = None,
    **data: Any,
) -> httpx.Response:
    body, dv = company["rut"].split("-")
    asked = {"rut": body, "dv": dv, "periodo": "202610", "tipoDocumento": doc_type} | data
    envelope = {
        "metaData": {
            "namespace": NAMESPACE,
            "conversationId": client.http.cookies.get("TOKEN"),
            "transactionId": str(uuid4()),
            "page": {"pageSize": 1, "pageIndex": 1},
        }
        | (metadata or {}),
        "data": asked,
    }
    return client.http.post(SERVICE, json=envelope, headers={"Accept": accept})


def code(answer: httpx.Response) -> int:
    assert answer.status_code == 200
    assert answer.json()["data"] is None
    return int(answer.json()["respEstado"]["codRespuesta"])


@pytest.mark.parametrize("kind", ["A", "E"])
def test_the_days_add_up_to_the_summary_of_the_sales(
    admin: Admin, portal: PortalClient, kind: str
) -> None:
    company = admin.company(kind)
    client = portal.enter(company).bind()
    summary = client.call("getResumen", question(company, operation="VENTA")).json()["data"]
    counted = [one for one in summary if one["dcvTipoIngresoDoc"] == "RESUMEN"]
    assert [one["rsmnTipoDocInteger"] for one in counted] == ([39, 48] if kind == "A" else [39])
    truth = admin.get(f"truth/{company['rut']}", period="202610")
    for one in counted:
        doc_type = str(one["rsmnTipoDocInteger"])
        rows = ask(client, company, doc_type).json()["data"]["boletas"]
        assert sum(row["totalDocumentos"] for row in rows) == one["rsmnTotDoc"]
        assert sum(row["montoNeto"] for row in rows) == one["rsmnMntNeto"]
        assert sum(row["montoIva"] for row in rows) == one["rsmnMntIVA"]
        assert sum(row["montoExento"] for row in rows) == one["rsmnMntExe"]
        assert sum(row["montoTotal"] for row in rows) == one["rsmnMntTotal"]
        assert [row["dia"] for row in rows] == [
            int(day["day"][-2:]) for day in truth["boletas"] if str(day["doc_type"]) == doc_type
        ]


def test_boletas_are_in_no_export_and_not_among_the_purchases(
    bound: PortalClient, company: dict[str, Any]
) -> None:
    purchases = bound.call("getResumen", question(company)).json()["data"]
    assert {39, 48}.isdisjoint(one["rsmnTipoDocInteger"] for one in purchases)


def test_the_current_month_has_the_days_before_today(
    bound: PortalClient, company: dict[str, Any]
) -> None:
    rows = ask(bound, company, periodo="202611").json()["data"]["boletas"]
    assert max(row["dia"] for row in rows) == 14  # it is the 15th


def test_a_company_without_boletas_is_told_so(admin: Admin, portal: PortalClient) -> None:
    quiet = admin.company("C")
    assert code(ask(portal.enter(quiet).bind(), quiet)) == 99


@pytest.mark.parametrize(
    ("wrong", "refused"),
    [
        ({"doc_type": "33"}, 6),
        ({"doc_type": "0"}, 6),
        ({"periodo": "202612"}, 5),
        ({"periodo": "2026-10"}, 5),
        ({"rut": "70000000"}, 3),
        ({"metadata": {"page": None}}, 2),
        ({"metadata": {"namespace": "x/obtieneListaBoletasMes"}}, 2),
        ({"metadata": {"conversationId": "76000001"}}, 1),
        ({"metadata": {"transactionId": ""}}, 2),
    ],
)
def test_one_wrong_field_is_refused(
    wrong: dict[str, Any], refused: int, bound: PortalClient, company: dict[str, Any]
) -> None:
    assert code(ask(bound, company, **wrong)) == refused


def test_the_server_refuses_what_is_not_bound_or_accepts_too_little(
    portal: PortalClient, company: dict[str, Any]
) -> None:
    client = portal.enter(company)
    assert ask(client, company).status_code == 401
    client.bind()
    assert ask(client, company, accept="application/json").status_code == 500
    answer = client.http.post(SERVICE, content=b"[]", headers={"Accept": ACCEPT})
    assert answer.status_code == 400


def test_a_list_can_lack_a_day_and_a_fault_can_be_one_companys(
    admin: Admin, bound: PortalClient, company: dict[str, Any]
) -> None:
    whole = ask(bound, company).json()["data"]["boletas"]
    rule = {"path": SERVICE, "kind": "boletas_mismatch", "count": 1, "rut": company["rut"]}
    admin.http.post("faults", json=rule).raise_for_status()
    assert ask(bound, company).json()["data"]["boletas"] == whole[:-1]
    assert ask(bound, company).json()["data"]["boletas"] == whole
    reading = f"obtieneListaBoletasMes {company['rut']} 202610 BOLETA 39"
    assert admin.state["readings"][reading] == 3


def test_the_same_seed_makes_the_same_days_and_none_is_a_sunday() -> None:
    (bakery, *_) = seeded_companies(7)
    october = Period(2026, 10)
    days = boletas_of.__wrapped__(7, bakery, october)
    assert days == boletas_of(7, bakery, october)
    assert days != boletas_of(8, bakery, october)
    assert date(2026, 10, 4) not in {one.day for one in days}
    for one in days:
        assert one.count > 0
        assert one.total == one.exempt + one.net + one.vat
