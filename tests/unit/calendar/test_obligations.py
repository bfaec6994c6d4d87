"""What a company follows, the facts that decide it, and the reminders that come with it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from app.domain.obligations import OBLIGATIONS
from app.domain.taxpayers import facts_of_home_page
from app.errors import InvalidInput, NotFound
from app.infrastructure.db.models import (
    CompanyTaxInfo,
    EventTemplate,
    NotificationSubscription,
    NotificationTemplate,
    Run,
)
from app.services import obligations, tax_info
from app.services.auto_notifications import assign_auto_notifications
from app.services.calendar_requests import request_sync
from app.services.outbox import outbox_scope
from tests.unit.calendar.almanac import Almanac
from tests.unit.publishers import Published


def activate(almanac: Almanac, company: UUID) -> dict[str, list[str]]:
    with almanac.sessions.begin() as session:
        return obligations.activate_mandatory_events(session, company)


def switch(almanac: Almanac, company: UUID, code: str, is_active: bool) -> Run:
    with outbox_scope(almanac.sessions, Published()) as (session, outbox):
        return obligations.switch_obligation(session, outbox, company, code, is_active=is_active)[1]


def test_the_seed_writes_every_obligation_once_and_mends_what_changed(almanac: Almanac) -> None:
    with almanac.sessions.begin() as session:
        assert obligations.seed_event_templates(session) == []
        assert set(session.scalars(select(EventTemplate.code))) == set(OBLIGATIONS)
        session.get_one(EventTemplate, "f29").name = "an older name"
        session.flush()
        assert obligations.seed_event_templates(session) == ["f29"]


def test_every_company_gets_the_mandatory_ones(almanac: Almanac) -> None:
    company = almanac.company(follows=False)
    assert activate(almanac, company) == {
        "activated_events": ["f22", "f29"], "already_active": [], "switched_off": [],
    }  # fmt: skip
    assert activate(almanac, company) == {
        "activated_events": [], "already_active": ["f22", "f29"], "switched_off": [],
    }  # fmt: skip


def test_known_facts_bring_their_own(almanac: Almanac) -> None:
    company = almanac.company(
        follows=False, has_employees=True, pays_fees=False, started_on=date(2023, 1, 1)
    )
    assert activate(almanac, company)["activated_events"] == [
        "dj_1887", "f22", "f29", "patente_municipal", "previred",
    ]  # fmt: skip


def test_what_a_user_has_switched_off_stays_off(almanac: Almanac) -> None:
    company = almanac.company()
    switch(almanac, company, "f22", False)
    assert activate(almanac, company) == {
        "activated_events": [], "already_active": ["f29"], "switched_off": ["f22"],
    }  # fmt: skip


def test_activations_at_once_make_one_row_each(almanac: Almanac) -> None:
    company = almanac.company(follows=False)
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: activate(almanac, company), range(4)))
    assert sorted(code for result in results for code in result["activated_events"]) == [
        "f22", "f29",
    ]  # fmt: skip


def test_what_the_facts_deny_cannot_be_switched_on(almanac: Almanac) -> None:
    company = almanac.company(has_employees=False)
    with pytest.raises(InvalidInput, match="has_employees is false"):
        switch(almanac, company, "previred", True)
    assert almanac.runs() == []
    almanac.set_facts(company, has_employees=None)
    switch(almanac, company, "previred", True)
    with almanac.sessions() as session:
        assert obligations.find_obligation(session, company, "previred").is_active


def test_an_unknown_obligation_is_named(almanac: Almanac) -> None:
    with pytest.raises(NotFound, match="f99"):
        switch(almanac, almanac.company(), "f99", True)


def test_an_unknown_company_is_named_everywhere(almanac: Almanac) -> None:
    unknown = uuid4()
    with pytest.raises(NotFound, match=str(unknown)):
        activate(almanac, unknown)
    with pytest.raises(NotFound, match=str(unknown)):
        assign(almanac, unknown)
    with almanac.sessions() as session, pytest.raises(NotFound, match=str(unknown)):
        tax_info.store_tax_info(session, unknown, {})


def home_page(**taxpayer: Any) -> dict[str, Any]:
    return {"contribuyente": {"rut": "77123456", "dv": "9"} | taxpayer, "direcciones": []}


@pytest.mark.parametrize(
    ("value", "day"),
    [("S", 20), ("si", 20), (True, 20), (1, 20), ("N", 12), (False, 12), ("0", 12)],
)
def test_the_portal_says_who_declares_on_the_20th(value: object, day: int) -> None:
    assert facts_of_home_page(home_page(autorizadoDeclararDia20=value))["f29_due_day"] == day


@pytest.mark.parametrize("value", [None, "", "quizás", {}, []])
def test_what_is_not_understood_changes_nothing(value: object) -> None:
    page = home_page(autorizadoDeclararDia20=value, fechaInicioActividades=value)
    assert facts_of_home_page(page) == {}


@pytest.mark.parametrize("text", ["01/02/2023", "2023-02-01", "2023-02-01T00:00:00", "01-02-2023"])
def test_the_day_on_which_the_activities_began_is_read(text: str) -> None:
    found = facts_of_home_page(home_page(fechaInicioActividades=text, glosaActividad=" PAN "))
    assert found == {"started_on": date(2023, 2, 1), "activity_name": "PAN"}


@pytest.mark.parametrize("page", [{}, {"contribuyente": None}])
def test_an_empty_home_page_says_nothing(page: dict[str, Any]) -> None:
    assert facts_of_home_page(page) == {}


def test_the_portal_keeps_what_the_user_said(almanac: Almanac) -> None:
    company = almanac.company(has_employees=True)
    page = home_page(autorizadoDeclararDia20="S", fechaInicioActividades="01/01/2023")
    for _ in range(2):
        with almanac.sessions.begin() as session:
            tax_info.store_tax_info(session, company, page)
    with almanac.sessions() as session:
        stored = session.scalars(select(CompanyTaxInfo)).one()
        assert (stored.has_employees, stored.f29_due_day) == (True, 20)
        assert stored.started_on == date(2023, 1, 1)
        assert stored.raw == page
        assert stored.read_at


def test_facts_switch_on_what_they_bring_and_start_one_sync(almanac: Almanac) -> None:
    company, published = almanac.company(), Published()
    for values in ({"has_employees": True}, {"has_employees": True, "pays_fees": True}):
        with outbox_scope(almanac.sessions, published) as (session, outbox):
            tax_info.change_tax_info(session, outbox, company, values)
    (run,) = almanac.runs()
    assert (run.task, run.kwargs) == ("calendar.sync_company", {"company_id": str(company)})
    assert [one.id for one in published.runs] == [run.id]
    with almanac.sessions() as session:
        assert obligations.followed_by(session, company).keys() == {
            "f22", "f29", "previred", "dj_1887", "dj_1879",
        }  # fmt: skip


def test_a_run_that_has_begun_is_not_trusted_with_a_later_change(almanac: Almanac) -> None:
    company = almanac.company()

    def request() -> UUID:
        with outbox_scope(almanac.sessions, Published()) as (session, outbox):
            return request_sync(session, outbox, company).id

    def begin(run: UUID) -> None:
        with almanac.sessions.begin() as session:
            session.get_one(Run, run).attempts = 1

    first = request()
    assert request() == first
    begin(first)
    second = request()
    assert second != first
    assert request() == second
    begin(second)
    assert request() not in (first, second)
    with almanac.sessions.begin() as session:
        for run in session.scalars(select(Run)):
            run.finished_at = datetime.now(UTC)
    assert request() not in (first, second)


def assign(almanac: Almanac, company: UUID, **options: bool) -> list[str]:
    with almanac.sessions.begin() as session:
        return assign_auto_notifications(session, company, **options)


@pytest.fixture
def templates(almanac: Almanac) -> None:
    auto: dict[str, Any] = {"subject": "s", "body": "b", "auto_assign": True}
    with almanac.sessions.begin() as session:
        session.add_all(
            [
                NotificationTemplate(code="general", **auto),
                NotificationTemplate(code="f29_3d", event_code="f29", **auto),
                NotificationTemplate(code="previred_3d", event_code="previred", **auto),
                NotificationTemplate(code="old", is_active=False, **auto),
                NotificationTemplate(code="by_hand", subject="s", body="b"),
            ]
        )


@pytest.mark.usefixtures("templates")
def test_a_new_company_gets_the_reminders_of_what_it_follows(almanac: Almanac) -> None:
    company = almanac.company()
    with almanac.sessions.begin() as session:
        session.add(
            NotificationSubscription(company_id=company, template_code="general", enabled=False)
        )
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: assign(almanac, company), range(4)))
    assert sorted(found) == [[], [], [], ["f29_3d"]]
    with almanac.sessions() as session:
        rows = session.scalars(select(NotificationSubscription)).all()
        assert {row.template_code: row.enabled for row in rows} == {
            "general": False,
            "f29_3d": True,
        }


@pytest.mark.usefixtures("templates")
def test_a_company_that_is_not_new_gets_none(almanac: Almanac) -> None:
    assert assign(almanac, almanac.company(), is_new_company=False) == []
