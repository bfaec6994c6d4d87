"""A company comes with everything at once, and its onboarding can be followed."""

from typing import Any
from uuid import uuid4

import httpx
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.infrastructure.db.models import Company, Membership, Onboarding, Run, SiiCredential, User
from tests.unit.api.conftest import Published, refused

CLAVE = "MuySecreta-7319"
BODY: dict[str, Any] = {
    "rut": "77.123.456-9",
    "business_name": "Panadería Las Nieves SpA",
    "credential": {"login_rut": "77.123.456-9", "clave": CLAVE},
    "owner": {"email": "Ana@Pyme.example", "full_name": "Ana Inventada", "phone": "987654321"},
}


def test_one_request_stores_all_and_starts_the_first_run(
    api: httpx.Client, outbox: Published, session: Session
) -> None:
    answer = api.post("/v1/companies", json=BODY)
    assert answer.status_code == 201
    company = answer.json()
    assert answer.headers["location"] == f"/v1/companies/{company['id']}"
    assert company["credential"]["status"] == "unproven"
    assert CLAVE not in answer.text
    owner = session.scalars(select(User)).one()
    assert (owner.email, owner.phone) == ("ana@pyme.example", "+56987654321")
    assert session.scalars(select(Membership)).one().user_id == owner.id
    shown = api.get(company["onboarding"]).json()
    assert shown["state"] == "running"
    assert [(step["name"], step["state"]) for step in shown["steps"]] == [
        ("documents", "queued"), ("obligations", "waiting"), ("calendar", "waiting"),
        ("reminders", "waiting"), ("notifications", "waiting"), ("memories", "waiting"),
    ]  # fmt: skip
    assert [run_id for run_id, _ in outbox.published] == [shown["steps"][0]["run_id"]]
    assert api.get(f"/v1/runs/{shown['steps'][0]['run_id']}").json()["state"] == "queued"


def test_a_refused_login_is_said_and_a_new_one_goes_on(
    api: httpx.Client, outbox: Published, session: Session
) -> None:
    company = api.post("/v1/companies", json=BODY).json()
    session.execute(update(SiiCredential).values(status="invalid"))
    session.execute(
        update(Run).values(
            state="failed", finished_at="now", error_code="invalid_credentials",
            error_kind="permanent", error_message="SII refused the clave.",
        )
    )  # fmt: skip
    session.commit()
    shown = api.get(company["onboarding"]).json()
    assert shown["state"] == "waiting_for_credential"
    assert "clave" in shown["detail"]
    assert shown["steps"][0]["error"]["code"] == "invalid_credentials"
    again = api.post(company["onboarding"])
    assert (again.status_code, again.json()["state"]) == (202, "waiting_for_credential")
    put = api.put(f"/v1/companies/{company['id']}/credential", json=BODY["credential"])
    assert put.json()["status"] == "unproven"
    assert api.get(company["onboarding"]).json()["state"] == "running"
    assert len(outbox.published) == 2


def test_a_bad_part_leaves_nothing(api: httpx.Client, outbox: Published, session: Session) -> None:
    bad: list[tuple[dict[str, Any], str]] = [
        ({"credential": {"login_rut": "77.123.456-8", "clave": "x"}}, "credential.login_rut"),
        ({"credential": {"login_rut": "77.123.456-9"}}, "credential.clave"),
        ({"owner": {"email": "no address", "full_name": "Ana"}}, "email"),
        ({"owner": {"email": "a@b.cl", "full_name": "Ana", "phone": "12"}}, "phone"),
        ({"owner": {"email": "a@b.cl", "full_name": "Ana", "time_zone": "Mars"}}, "time_zone"),
        ({"owner": {"email": "a@b.cl"}}, "owner.full_name"),
    ]
    for change, field in bad:
        refused(api.post("/v1/companies", json=BODY | change), 422, "invalid_input", field)
    for table in (Company, User, Onboarding, Run):
        assert session.scalars(select(table)).all() == []
    assert outbox.published == []


def test_without_a_credential_nothing_starts_and_the_way_is_told(
    api: httpx.Client, outbox: Published
) -> None:
    body = {name: BODY[name] for name in ("rut", "business_name", "owner")}
    company = api.post("/v1/companies", json=body).json()
    for answer in (api.get(company["onboarding"]), api.post(company["onboarding"])):
        refused(answer, 404, "not_found")
        assert "put its credential" in answer.json()["detail"]
    refused(api.get(f"/v1/companies/{uuid4()}/onboarding"), 404, "not_found")
    assert outbox.published == []


def test_the_addresses_of_before_go_on_working(api: httpx.Client) -> None:
    company = api.post("/companies", json=BODY).json()
    for path in ("/companies", f"/companies/{company['id']}", "/runs"):
        assert api.get(path).json() == api.get(f"/v1{path}").json()
    assert "/companies" not in api.get("/openapi.json").json()["paths"]
