"""People, preferences, templates and messages over HTTP."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy.orm import Session

from app.infrastructure.db.models import (
    NotificationDelivery,
    NotificationTemplate,
    ScheduledNotification,
)
from tests.unit.api.conftest import new_company, refused

ANA = {"email": "ana@pyme.example", "full_name": "Ana Pérez", "phone": "+56987654321"}


@pytest.fixture
def company(api: httpx.Client) -> str:
    return new_company(api)


@pytest.fixture
def member(api: httpx.Client, company: str) -> str:
    user = api.post("/v1/users", json=ANA).raise_for_status().json()["id"]
    api.put(f"/v1/companies/{company}/members/{user}", json={"role": "owner"}).raise_for_status()
    return f"/v1/companies/{company}/members/{user}"


@pytest.fixture
def template(session: Session) -> str:
    session.add(
        NotificationTemplate(
            code="f29_own", subject="F29", body="Vence.", method="monthly_summary",
            whatsapp_parameters=[],
        )
    )  # fmt: skip
    session.commit()
    return "/v1/notification-templates/f29_own"


def deliveries(session: Session, company: str, member: str, number: int) -> list[UUID]:
    session.add(NotificationTemplate(code="plain", subject="S", body="B", whatsapp_parameters=[]))
    session.flush()
    made = []
    for minutes in range(number):
        row = ScheduledNotification(
            dedupe_key=uuid4().hex, company_id=UUID(company), template_code="plain",
            scheduled_for=datetime(2026, 11, 3, tzinfo=UTC) + timedelta(minutes=minutes),
            status="partial",
        )  # fmt: skip
        session.add(row)
        session.flush()
        delivery = NotificationDelivery(
            notification_id=row.id, user_id=UUID(member.rpartition("/")[2]), channel="whatsapp",
            status="unknown", attempts=1,
        )  # fmt: skip
        session.add(delivery)
        session.flush()
        made.append(delivery.id)
    session.commit()
    return made


def test_a_person_is_added_once_and_is_a_member(
    api: httpx.Client, company: str, member: str
) -> None:
    again = api.post("/v1/users", json=ANA | {"email": "ANA@pyme.example"}).json()
    assert member.endswith(again["id"])
    (found,) = api.get(f"/v1/companies/{company}/members").json()
    assert (found["user"]["email"], found["role"]) == ("ana@pyme.example", "owner")


@pytest.mark.parametrize(
    ("field", "value"),
    [("email", "ana"), ("phone", "12"), ("time_zone", "Mars/Olympus"), ("rut", "1-1")],
)
def test_what_is_no_person_is_refused(api: httpx.Client, field: str, value: str) -> None:
    answer = api.post("/v1/users", json=ANA | {field: value})
    assert answer.status_code == 422
    assert field in answer.text or field == "rut"


def test_preferences_are_kept_and_impossible_ones_refused(api: httpx.Client, member: str) -> None:
    path = f"{member}/preferences"
    assert api.get(path).json()["enabled"] is True
    wanted = {
        "enabled": True, "quiet_start": "22:00:00", "quiet_end": "08:00:00",
        "muted_weekdays": [7], "max_per_day": 3, "min_interval_minutes": 30,
    }  # fmt: skip
    assert api.put(path, json=wanted).raise_for_status().json() == wanted
    assert api.get(path).json() == wanted
    for values, field in (
        ({"quiet_end": "22:00:00"}, "quiet_end"),
        ({"quiet_end": None}, "quiet_end"),
        ({"muted_weekdays": [1, 2, 3, 4, 5, 6, 7]}, "muted_weekdays"),
        ({"max_per_day": 0}, "max_per_day"),
        ({"min_interval_minutes": 2000}, "min_interval_minutes"),
    ):
        refused(api.put(path, json=wanted | values), 422, "invalid_input", field)
    assert api.get(path).json() == wanted
    refused(api.get(f"{member[:-1]}0/preferences"), 404, "not_found")


@pytest.mark.parametrize(
    ("values", "field", "named"),
    [
        ({"body": "{{ importe }}"}, "body", "importe"),
        ({"subject": "{{ nada }}"}, "subject", "nada"),
        ({"whatsapp_parameters": ["due_date"]}, "whatsapp_parameters", "due_date"),
        ({"body": "{% if %}"}, "body", "no template"),
        ({"body": "{% for x in company %}{{ x }}{% endfor %}"}, "body", "For"),
        ({"body": "{{ 'a' * 1000000000 }}"}, "body", "Mul"),
        ({"body": "{{ company.__class__ }}"}, "body", "Getattr"),
        ({"body": "{{ company|center(1000000000) }}"}, "body", "Filter"),
    ],
)
def test_a_template_that_cannot_be_sent_is_refused(
    api: httpx.Client, template: str, values: dict[str, Any], field: str, named: str
) -> None:
    answer = api.put(template, json={"subject": "S", "body": "B"} | values)
    refused(answer, 422, "invalid_input", field)
    assert named in answer.json()["detail"]
    assert api.get("/v1/notification-templates").json()[0]["body"] == "Vence."


def test_a_template_is_edited_and_previewed(api: httpx.Client, template: str) -> None:
    texts = {"subject": "{{ company|upper }}", "body": "{% if sales %}{{ sales }}{% endif %}"}
    assert api.put(template, json=texts).raise_for_status().json()["method"] == "monthly_summary"
    assert api.get(f"{template}/preview").json() == {
        "subject": "PANADERÍA LAS NIEVES SPA", "body": "42\n",
    }  # fmt: skip
    refused(api.get("/v1/notification-templates/none/preview"), 404, "not_found")


def test_a_company_subscribes(api: httpx.Client, company: str, template: str) -> None:
    path = f"/v1/companies/{company}/subscriptions"
    answer = api.put(f"{path}/f29_own", json={"enabled": True, "channels": ["email"]})
    assert [answer.raise_for_status().json()] == api.get(path).json()
    refused(api.put(f"{path}/f29_own", json={"channels": []}), 422, "invalid_input", "channels")
    refused(api.put(f"{path}/none", json={}), 404, "not_found")


def test_the_history_comes_in_pages_with_its_messages(
    api: httpx.Client, company: str, member: str, session: Session
) -> None:
    made = deliveries(session, company, member, 5)
    path, seen, cursor = f"/v1/companies/{company}/notifications", [], None
    while True:
        page = api.get(path, params={"limit": 2} | ({"cursor": cursor} if cursor else {})).json()
        seen += [each["deliveries"][0]["id"] for each in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [str(each) for each in reversed(made)]
    refused(api.get(path, params={"cursor": "x"}), 422, "invalid_input", "cursor")


def test_an_operator_ends_each_doubt_once(
    api: httpx.Client, company: str, member: str, session: Session
) -> None:
    sent, failed, again = deliveries(session, company, member, 3)
    listed = api.get("/v1/deliveries", params={"status": "unknown"}).json()["items"]
    assert {each["id"] for each in listed} == {str(each) for each in (sent, failed, again)}
    for delivery, outcome in ((sent, "sent"), (failed, "failed"), (again, "resend")):
        path = f"/v1/deliveries/{delivery}/resolution"
        api.post(path, json={"outcome": outcome}).raise_for_status()
        refused(api.post(path, json={"outcome": outcome}), 422, "invalid_input")
    session.expire_all()
    states = {
        each.id: session.get_one(ScheduledNotification, each.notification_id).status
        for each in session.query(NotificationDelivery)
    }
    assert states == {sent: "sent", failed: "failed", again: "pending"}
    due = session.get_one(NotificationDelivery, again)
    assert due.status == "failed"
    assert due.next_try_at is not None
    refused(
        api.post(f"/v1/deliveries/{uuid4()}/resolution", json={"outcome": "sent"}), 404, "not_found"
    )
