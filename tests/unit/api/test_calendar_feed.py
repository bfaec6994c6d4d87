"""A company's calendar on a phone."""

import re
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from icalendar import Calendar
from sqlalchemy import text

from app.services.calendar_ical import _period
from tests.unit.api.conftest import refused
from tests.unit.calendar.almanac import Almanac
from tests.waiting import wait_until


@pytest.fixture
def link(api: httpx.Client, company: UUID) -> str:
    return str(api.post(f"/v1/companies/{company}/calendar-link").raise_for_status().json()["path"])


def test_a_phone_reads_the_calendar_without_a_key(
    url: str, link: str, company: UUID, almanac: Almanac
) -> None:
    done, *_ = almanac.events(company, "f29")
    cancelled = almanac.events(company, "previred")[0]
    almanac.mark(done.id, "completed")
    almanac.mark(cancelled.id, "cancelled")
    answer = httpx.get(url + link)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert answer.headers["cache-control"].startswith("private")
    calendar = Calendar.from_ical(answer.content)
    assert str(calendar["X-WR-CALNAME"]) == "Impuestos de Panadería Ñuñoa SpA"
    shown = {str(event["UID"]): event for event in calendar.walk("VEVENT")}
    known = {f"{event.id}@fiscal": event for event in almanac.events(company)}
    assert shown.keys() == known.keys() - {f"{cancelled.id}@fiscal"}
    for uid, event in shown.items():
        assert event["DTSTART"].dt == known[uid].due_date
        assert event["DTEND"].dt == known[uid].due_date + timedelta(days=1)
    assert str(shown[f"{done.id}@fiscal"]["SUMMARY"]).startswith("✓ Declaración y pago mensual")
    assert all(len(line) <= 75 for line in answer.content.split(b"\r\n"))


def test_a_period_is_written_as_people_write_it(almanac: Almanac) -> None:
    company = almanac.company(owns_real_estate=True, started_on=date(2020, 1, 1))
    almanac.sync(company, date(2026, 11, 25))
    found = {event.template_code: _period(event) for event in almanac.events(company)}
    assert found["f22"] == "2026"
    assert found["contribuciones"] == "2026, cuota 4"
    assert found["patente_municipal"] == "2026-2027, cuota 2"
    assert _period(almanac.events(company, "f29")[0]) == "noviembre 2026"


def test_a_link_is_worth_nothing_once_it_is_replaced_or_revoked(
    api: httpx.Client, url: str, link: str, company: UUID
) -> None:
    other = api.post(f"/v1/companies/{company}/calendar-link").json()["path"]
    refused(httpx.get(url + link), 404, "not_found")
    assert httpx.get(url + other).status_code == 200
    for _ in range(2):
        assert api.delete(f"/v1/companies/{company}/calendar-link").status_code == 204
    refused(httpx.get(url + other), 404, "not_found")


def test_a_wrong_token_and_an_unknown_company_look_alike(
    url: str, link: str, company: UUID, almanac: Almanac
) -> None:
    wrong = httpx.get(f"{url}/v1/companies/{company}/calendar.ics?token={'x' * 43}")
    unknown = httpx.get(url + link.replace(str(company), str(uuid4())))
    others = httpx.get(url + link.replace(str(company), str(almanac.company())))
    for answer in (wrong, unknown, others):
        refused(answer, 404, "not_found")
        assert answer.json()["detail"] == wrong.json()["detail"]
    for query in ("", "?token=short", "?token=%00"):
        answer = httpx.get(f"{url}/v1/companies/{company}/calendar.ics{query}")
        refused(answer, 422, "invalid_input", "token")


def test_a_link_opens_nothing_else(url: str, link: str, company: UUID) -> None:
    query = link.partition("?")[2]
    for method, path in (
        ("GET", f"/v1/companies/{company}/events"),
        ("GET", f"/v1/companies/{company}/calendar.ics/"),
        ("GET", f"/v1/companies/{company}/events/calendar.ics"),
        ("POST", f"/v1/companies/{company}/calendar.ics"),
        ("DELETE", f"/v1/companies/{company}/calendar-link"),
    ):
        refused(httpx.request(method, f"{url}{path}?{query}"), 401, "unauthenticated")


def test_the_token_is_nowhere_but_in_the_link(
    url: str, link: str, almanac: Almanac, log: Any
) -> None:
    token = link.partition("token=")[2]
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", token)
    httpx.get(url + link).raise_for_status()
    wait_until(lambda: "calendar.ics" in log.getvalue(), what="the line, written after the answer")
    assert token not in log.getvalue()
    with almanac.sessions() as session:
        assert token not in str(session.execute(text("SELECT * FROM calendar_feeds")).all())
