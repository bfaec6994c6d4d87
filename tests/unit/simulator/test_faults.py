"""Faults on demand, and everything else under /__sim__."""

import threading
from typing import Any

import httpx
import pytest

from simulator.settings import Settings
from tests.unit.simulator.portal_client import LOGIN, PortalClient, question
from tests.unit.simulator.server import Admin, running
from tests.waiting import wait_until


def add(admin: Admin, **rule: Any) -> dict[str, Any]:
    answer = admin.http.post("faults", json=[rule])
    assert answer.status_code == 201, answer.text
    return answer.json()[0]


@pytest.mark.parametrize(("kind", "status"), [("http_500", 500), ("http_503", 503)])
def test_a_fault_hits_as_often_as_asked(
    kind: str, status: int, admin: Admin, portal: PortalClient
) -> None:
    add(admin, path="/zeusr/AUT2000", kind=kind, count=2)
    assert [portal.http.get(LOGIN).status_code for _ in range(3)] == [status, status, 200]
    assert admin.get("faults")[0]["hits"] == 2


def test_maintenance_leads_to_the_error_page(admin: Admin, portal: PortalClient) -> None:
    add(admin, path="/www4", kind="maintenance")
    answer = portal.http.get("/www4/consdcvinternetui/", follow_redirects=True)
    assert str(answer.url).endswith("/ayudas/900.html")
    assert "SIMULADOR - no es el SII" in answer.text


def test_a_held_request_waits_until_the_fault_is_lifted(admin: Admin, portal: PortalClient) -> None:
    add(admin, path="/zeusr/AUT2000", kind="hold")
    answers: list[httpx.Response] = []
    thread = threading.Thread(target=lambda: answers.append(portal.http.get(LOGIN)))
    thread.start()
    wait_until(lambda: admin.state["held"] == 1, what="the held request")
    assert answers == []
    assert admin.http.delete("faults").status_code == 204
    thread.join(timeout=10)
    assert [answer.status_code for answer in answers] == [200]
    assert admin.state["held"] == 0


def test_a_client_that_gives_up_is_no_longer_held(admin: Admin, portal: PortalClient) -> None:
    add(admin, path="/zeusr/AUT2000", kind="hold")
    with pytest.raises(httpx.ReadTimeout):
        portal.http.get(LOGIN, timeout=0.3)
    wait_until(lambda: admin.state["held"] == 0, what="the end of the held request")


def test_a_fault_for_one_rut_spares_the_others(admin: Admin, address: str) -> None:
    hit, spared = admin.company("A"), admin.company("E")
    add(admin, path="/www4", kind="http_500", rut=hit["rut"])
    for company, status in ((hit, 500), (spared, 200)):
        with PortalClient(address) as client:
            answer = client.enter(company).http.get("/www4/consdcvinternetui/")
        assert answer.status_code == status


def test_a_fault_for_a_company_meets_the_person_who_asks_for_it(
    admin: Admin, portal: PortalClient
) -> None:
    first, second = (one for one in admin.get("companies") if one["kind"] == "F")
    client = portal.enter(first).bind()
    add(admin, path="/www4", kind="http_500", rut=second["rut"])
    assert client.call("getResumen", question(first)).status_code == 200
    assert client.call("getResumen", question(second)).status_code == 500


def test_slow_pages_and_latency_take_their_time(admin: Admin, portal: PortalClient) -> None:
    add(admin, path="/zeusr/AUT2000", kind="slow_page", ms=300)
    assert portal.http.get(LOGIN).elapsed.total_seconds() >= 0.3
    settings = Settings(latency_ms=200, smtp_host="127.0.0.1", smtp_port=0)
    with running(settings) as address:
        assert httpx.get(address + LOGIN).elapsed.total_seconds() >= 0.2
        assert httpx.get(f"{address}/__sim__/health").elapsed.total_seconds() < 0.2


@pytest.mark.parametrize(
    "rule",
    [
        {"path": "/www4", "kind": "explode"},
        {"path": "www4", "kind": "hold"},
        {"kind": "hold"},
        {"path": "/www4", "kind": "hold", "count": "2"},
        {"path": "/www4", "kind": "hold", "colour": "red"},
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(rule: dict[str, Any], admin: Admin) -> None:
    answer = admin.http.post("faults", json=rule)
    assert answer.status_code == 422
    assert admin.get("faults") == []


def test_one_fault_can_be_lifted_by_its_id(admin: Admin) -> None:
    first, second = (add(admin, path=path, kind="hold") for path in ("/www4", "/zeusr"))
    assert admin.http.delete(f"faults/{first['id']}").status_code == 204
    assert admin.http.delete(f"faults/{first['id']}").status_code == 404
    assert [one["id"] for one in admin.get("faults")] == [second["id"]]
