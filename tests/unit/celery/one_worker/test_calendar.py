"""The four tasks of the calendar in a worker."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from app.domain.periods import day_in_chile
from app.infrastructure.celery.publisher import CeleryPublisher
from app.infrastructure.db.models import ExtraHoliday
from app.infrastructure.db.session import get_session_factory
from app.services.holidays import set_holiday
from app.services.outbox import outbox_scope
from tests.unit.calendar.almanac import Almanac
from tests.unit.celery.worker_process import RunOf, finished
from tests.waiting import wait_until


@pytest.fixture
def almanac(database_url: str) -> Almanac:
    return Almanac(get_session_factory())


def test_a_company_goes_from_nothing_to_its_calendar(
    app: Any, run_of: RunOf, almanac: Almanac
) -> None:
    company = str(almanac.company(follows=False))

    def run(task: str, **kwargs: Any) -> Any:
        ended = finished(run_of, app.send_task(task, kwargs={"company_id": company} | kwargs).id)
        assert (ended.state, ended.queue) == ("succeeded", "default")
        return ended.result

    activated = run("calendar.activate_mandatory_events")
    assert activated["activated_events"] == ["f22", "f29"]
    assert run("calendar.sync_company")["created_events"] >= 5
    assert run("calendar.sync_company")["created_events"] == 0
    assigned = run("calendar.assign_auto_notifications", is_new_company=False)
    assert assigned == {"assigned_notifications": []}
    assert run("calendar.assign_auto_notifications").keys() == {"assigned_notifications"}


def test_the_fan_out_syncs_every_company(app: Any, run_of: RunOf, almanac: Almanac) -> None:
    companies = [almanac.company() for _ in range(3)]
    run = finished(run_of, app.send_task("calendar.sync_all_companies").id)
    assert run.state == "succeeded"
    assert run.result["queued"] >= len(companies)
    for company in companies:
        wait_until(lambda company=company: almanac.events(company), what="a calendar")
    again = finished(run_of, app.send_task("calendar.sync_all_companies").id)
    assert again.result["queued"] == 0


def test_an_unknown_company_is_named_and_not_tried_again(app: Any, run_of: RunOf) -> None:
    for task in (
        "calendar.sync_company",
        "calendar.activate_mandatory_events",
        "calendar.assign_auto_notifications",
    ):
        unknown = str(uuid4())
        run = finished(run_of, app.send_task(task, kwargs={"company_id": unknown}).id)
        assert (run.state, run.error_code, run.attempts) == ("failed", "not_found", 1)
        assert unknown in run.error_message


def test_an_id_that_is_none_is_refused(app: Any, run_of: RunOf) -> None:
    run = finished(run_of, app.send_task("calendar.sync_company", kwargs={"company_id": "x"}).id)
    assert (run.state, run.error_code) == ("failed", "invalid_input")


def test_a_new_holiday_reaches_every_calendar(app: Any, run_of: RunOf, almanac: Almanac) -> None:
    companies = [almanac.company(has_employees=True) for _ in range(2)]
    for company in companies:
        almanac.sync(company, day_in_chile(datetime.now(UTC)))
    before = {event.id: event.due_date for one in companies for event in almanac.events(one)}
    day = almanac.events(companies[0], "f29")[1].due_date
    with outbox_scope(almanac.sessions, CeleryPublisher()) as (session, outbox):
        _, run = set_holiday(session, outbox, day, name="Elecciones")
    assert run is not None
    assert finished(run_of, str(run.id)).state == "succeeded"
    for company in companies:
        wait_until(
            lambda company=company: almanac.events(company, "f29")[1].due_date > day,
            what="the due date moves",
        )
    for company in companies:
        for event in almanac.events(company):
            moves = event.template_code == "f29" and before[event.id] == day
            assert (event.due_date != before[event.id]) == moves
    with almanac.sessions.begin() as session:  # the next test's calendars are as they were
        session.delete(session.get_one(ExtraHoliday, day))


def test_two_copies_of_a_run_change_a_calendar_once(
    app: Any, run_of: RunOf, almanac: Almanac
) -> None:
    company = almanac.company(has_employees=True)
    run_id = str(uuid4())
    for _ in range(2):
        app.send_task("calendar.sync_company", kwargs={"company_id": str(company)}, task_id=run_id)
    assert finished(run_of, run_id).state == "succeeded"
    events = almanac.events(company)
    keys = {(event.template_code, event.period_start, event.installment) for event in events}
    assert len(keys) == len(events) > 5
