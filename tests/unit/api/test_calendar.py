"""The calendar over the API. The syncs that it asks for are rows here; a worker does them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx

from app.domain.periods import day_in_chile
from tests.unit.api.conftest import Published, new_company, refused
from tests.unit.calendar.almanac import Almanac

TODAY = day_in_chile(datetime.now(UTC))


def events(api: httpx.Client, company: UUID, **filters: str) -> list[dict[str, Any]]:
    answer = api.get(f"/v1/companies/{company}/events", params=filters)
    return list(answer.raise_for_status().json()["items"])


def test_what_is_due_comes_by_its_day(api: httpx.Client, company: UUID) -> None:
    found = events(api, company)
    days = [event["due_date"] for event in found]
    assert days == sorted(days)
    assert {event["code"] for event in found} == {"f29", "f22", "previred", "dj_1887"}
    first = next(event for event in found if event["code"] == "f29")
    assert first["status"] == "in_progress"
    assert first["name"] == "Declaración y pago mensual de IVA y PPM (F29)"
    assert first["authority"] == "Servicio de Impuestos Internos"


def test_filters_and_pages(api: httpx.Client, company: UUID) -> None:
    found = events(api, company)
    path = f"/v1/companies/{company}/events"
    paged, cursor = [], None
    while True:
        params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = api.get(path, params=params).json()
        paged += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert paged == found
    since = found[2]["due_date"]
    assert all(e["due_date"] >= since for e in events(api, company, **{"from": since}))
    assert all(e["due_date"] <= since for e in events(api, company, to=since))
    assert {e["status"] for e in events(api, company, status="in_progress")} == {"in_progress"}


BAD_FILTERS = [("status", "done"), ("from", "yesterday"), ("to", "2026-02-30"), ("cursor", "x")]


def test_impossible_filters_are_refused(api: httpx.Client, company: UUID) -> None:
    for field, value in BAD_FILTERS:
        response = api.get(f"/v1/companies/{company}/events", params={field: value})
        refused(response, 422, "invalid_input", field)


def mark(api: httpx.Client, company: UUID, event: str, status: str) -> httpx.Response:
    return api.patch(f"/v1/companies/{company}/events/{event}", json={"status": status})


def test_what_is_done_makes_room_for_the_next_one_and_silences_its_reminders(
    api: httpx.Client, company: UUID, almanac: Almanac
) -> None:
    first, second, *_ = almanac.events(company, "f29")
    reminder = almanac.reminder(first)
    answer = mark(api, company, str(first.id), "completed")
    assert (answer.status_code, answer.json()["status"]) == (200, "completed")
    assert almanac.reminders([reminder]) == ["cancelled"]
    assert [s for _, s in almanac.shown(company, "f29")][:3] == [
        "completed", "in_progress", "pending",
    ]  # fmt: skip
    almanac.sync(company, TODAY)
    assert mark(api, company, str(first.id), "pending").json()["status"] == "in_progress"
    assert [s for _, s in almanac.shown(company, "f29")][:2] == ["in_progress", "pending"]
    assert [change["status"] for change in almanac.history(first.id)] == [
        ["in_progress", "completed"], ["completed", "pending"], ["pending", "in_progress"],
    ]  # fmt: skip
    assert almanac.history(second.id)[-1] == {"status": ["in_progress", "pending"], "why": "time"}


def test_what_is_open_stays_what_it_is_when_it_is_opened(
    api: httpx.Client, company: UUID, almanac: Almanac
) -> None:
    first = almanac.events(company, "f29")[0]
    assert mark(api, company, str(first.id), "pending").json()["status"] == "in_progress"
    assert almanac.history(first.id) == []


def test_two_that_mark_at_once_leave_one_history(
    api: httpx.Client, company: UUID, almanac: Almanac
) -> None:
    first = almanac.events(company, "f29")[0]
    with ThreadPoolExecutor(4) as pool:
        answers = pool.map(lambda _: mark(api, company, str(first.id), "completed"), range(4))
    assert {answer.status_code for answer in answers} == {200}
    assert len(almanac.history(first.id)) == 1


def test_an_event_of_another_company_is_not_found(
    api: httpx.Client, company: UUID, almanac: Almanac
) -> None:
    event = almanac.events(company)[0]
    refused(mark(api, almanac.company(), str(event.id), "completed"), 404, "not_found")
    refused(mark(api, company, str(uuid4()), "completed"), 404, "not_found")
    refused(mark(api, uuid4(), str(event.id), "completed"), 404, "not_found")
    refused(mark(api, company, str(event.id), "overdue"), 422, "invalid_input", "status")
    assert almanac.history(event.id) == []


def test_an_obligation_is_switched_off_and_a_sync_asked_for(
    api: httpx.Client, company: UUID, outbox: Published
) -> None:
    path = f"/v1/companies/{company}/obligations/previred"
    assert api.get(path).json()["is_active"] is True
    for is_active in (False, True, False):
        answer = api.put(path, json={"is_active": is_active})
        assert (answer.status_code, answer.json()["is_active"]) == (200, is_active)
    assert [kwargs for _, kwargs in outbox.published] == [{"company_id": str(company)}]
    assert api.get(path).json()["is_active"] is False


def test_obligations_are_listed_with_their_sources(api: httpx.Client, company: UUID) -> None:
    found = {one["code"]: one for one in api.get(f"/v1/companies/{company}/obligations").json()}
    assert len(found) == 8
    assert found["f29"]["applies"] is True
    assert found["contribuciones"]["applies"] is None
    assert found["contribuciones"]["is_active"] is False
    assert all(one["source"] and one["source_year"] for one in found.values())


def test_what_does_not_apply_is_refused_with_its_reason(api: httpx.Client, company: UUID) -> None:
    api.put(f"/v1/companies/{company}/tax-info", json={"has_employees": False}).raise_for_status()
    answer = api.put(f"/v1/companies/{company}/obligations/previred", json={"is_active": True})
    refused(answer, 422, "invalid_input", "is_active")
    assert "has_employees is false" in answer.json()["detail"]


def test_facts_are_set_and_bring_their_obligations(
    api: httpx.Client, company: UUID, outbox: Published
) -> None:
    path = f"/v1/companies/{company}/tax-info"
    body = {"f29_due_day": 20, "pays_fees": True, "started_on": "2023-01-01"}
    answer = api.put(path, json=body).raise_for_status().json()
    assert api.get(path).json() == answer
    assert (answer["f29_due_day"], answer["has_employees"], answer["read_at"]) == (20, None, None)
    assert len(outbox.published) == 1
    found = {one["code"]: one for one in api.get(f"/v1/companies/{company}/obligations").json()}
    assert found["dj_1879"]["is_active"]
    assert found["patente_municipal"]["is_active"]


BAD_FACTS = [
    ("f29_due_day", 13), ("has_employees", "perhaps"), ("started_on", "soon"),
    ("activity_code", "x"), ("activity_name", "a\x00b"), ("regime", ""), ("raw", {}),
]  # fmt: skip


def test_impossible_facts_are_refused_and_nothing_is_stored(
    api: httpx.Client, company: UUID, outbox: Published
) -> None:
    before = api.get(f"/v1/companies/{company}/tax-info").json()
    for field, value in BAD_FACTS:
        answer = api.put(f"/v1/companies/{company}/tax-info", json={field: value})
        refused(answer, 422, "invalid_input", field)
    assert api.get(f"/v1/companies/{company}/tax-info").json() == before
    assert outbox.published == []


def test_nothing_is_known_of_a_company_at_first(api: httpx.Client, almanac: Almanac) -> None:
    found = api.get(f"/v1/companies/{new_company(api)}/tax-info").json()
    assert found.pop("f29_due_day") == 12
    assert set(found.values()) == {None}


def test_an_unknown_company_is_not_found_anywhere(api: httpx.Client, almanac: Almanac) -> None:
    unknown = f"/v1/companies/{uuid4()}"
    for method, path, body in (
        ("GET", "events", None),
        ("GET", "obligations", None),
        ("GET", "obligations/f29", None),
        ("PUT", "obligations/f29", {"is_active": True}),
        ("GET", "tax-info", None),
        ("PUT", "tax-info", {}),
        ("POST", "calendar-link", None),
        ("DELETE", "calendar-link", None),
    ):
        refused(api.request(method, f"{unknown}/{path}", json=body), 404, "not_found")
    refused(api.get(f"/v1/companies/{new_company(api)}/obligations/f99"), 404, "not_found")


def test_a_holiday_is_set_once_and_every_calendar_asked_to_follow(
    api: httpx.Client, almanac: Almanac, outbox: Published
) -> None:
    for name in ("Elecciones", "Elecciones generales"):
        answer = api.put("/v1/holidays/2026-12-14", json={"name": name})
        assert answer.json() == {"day": "2026-12-14", "name": name, "is_national": False}
    assert [kwargs for _, kwargs in outbox.published] == [{"again": True}]
    listed = api.get("/v1/holidays", params={"year": 2026}).json()
    assert len(listed) == 17
    assert api.get("/v1/holidays/2026-12-14").json() in listed
    assert api.get("/v1/holidays/2026-12-25").json()["is_national"] is True
    assert api.delete("/v1/holidays/2026-12-14").status_code == 204
    refused(api.get("/v1/holidays/2026-12-14"), 404, "not_found")
    refused(api.delete("/v1/holidays/2026-12-14"), 404, "not_found")
    refused(api.delete("/v1/holidays/2026-12-25"), 404, "not_found")


def test_an_impossible_holiday_is_refused(api: httpx.Client, outbox: Published) -> None:
    refused(api.put("/v1/holidays/2026-02-30", json={"name": "x"}), 422, "invalid_input", "day")
    refused(api.put("/v1/holidays/2026-02-03", json={"name": " "}), 422, "invalid_input", "name")
    refused(api.get("/v1/holidays", params={"year": 1066}), 422, "invalid_input", "year")
    assert outbox.published == []
