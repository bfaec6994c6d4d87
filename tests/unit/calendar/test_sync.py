"""A company's calendar: created once, moved where it must, left alone where somebody decided."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import func, select, update

from app.errors import CalendarNotActivated, NotFound
from app.infrastructure.db.models import CompanyEvent, EventHistory, ExtraHoliday
from tests.unit.calendar.almanac import TODAY, Almanac

F29 = [
    ("2026-12-14", "in_progress"),
    ("2027-01-12", "pending"),
    ("2027-02-12", "pending"),
    ("2027-03-12", "pending"),
]


def switch(almanac: Almanac, code: str, on: bool) -> None:
    with almanac.sessions.begin() as session:
        session.execute(
            update(CompanyEvent).where(CompanyEvent.template_code == code).values(is_active=on)
        )


def test_a_new_company_gets_four_months_and_the_next_annual_one(almanac: Almanac) -> None:
    company = almanac.company()
    result = almanac.sync(company)
    assert almanac.shown(company, "f29") == F29
    assert almanac.shown(company, "f22") == [("2027-04-30", "in_progress")]
    assert (result["created_events"], result["updated_events"], result["total_events"]) == (5, 0, 5)
    assert result["message"] == "5 created, 0 updated, 5 open"
    first = almanac.events(company, "f29")[0]
    assert (first.period_start, first.period_end) == (date(2026, 11, 1), date(2026, 11, 30))
    assert first.nominal_due_date == date(2026, 12, 12)
    assert almanac.history(first.id) == []


def test_a_second_sync_finds_nothing_to_do(almanac: Almanac) -> None:
    company = almanac.company(has_employees=True)
    almanac.sync(company)
    before = [(event.id, event.updated_at) for event in almanac.events(company)]
    result = almanac.sync(company)
    assert (result["created_events"], result["updated_events"]) == (0, 0)
    assert [(event.id, event.updated_at) for event in almanac.events(company)] == before


def test_two_syncs_at_once_create_each_event_once(almanac: Almanac) -> None:
    company = almanac.company(has_employees=True, owns_real_estate=True)
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: almanac.sync(company), range(4)))
    created = sorted(result["created_events"] for result in results)
    assert created == [0, 0, 0, len(almanac.events(company))]


def test_time_passes(almanac: Almanac) -> None:
    company = almanac.company()
    almanac.sync(company)
    almanac.sync(company, date(2026, 12, 14))  # the last day is not late
    assert almanac.shown(company, "f29")[0] == ("2026-12-14", "in_progress")
    result = almanac.sync(company, date(2026, 12, 15))
    assert result["updated_events"] == 2
    assert [status for _, status in almanac.shown(company, "f29")] == [
        "overdue", "in_progress", "pending", "pending", "pending",
    ]  # fmt: skip
    late = almanac.events(company, "f29")[0]
    assert almanac.history(late.id) == [{"status": ["in_progress", "overdue"], "why": "time"}]


@pytest.mark.parametrize("status", ["completed", "cancelled"])
def test_what_somebody_has_decided_is_never_touched(almanac: Almanac, status: str) -> None:
    company = almanac.company()
    almanac.sync(company)
    done = almanac.events(company, "f29")[0]
    almanac.mark(done.id, status)
    almanac.holiday(date(2026, 12, 14))
    almanac.set_facts(company, f29_due_day=20)
    result = almanac.sync(company, date(2026, 12, 1))
    assert result["created_events"] == 1  # the one of April
    shown = almanac.shown(company, "f29")
    assert shown[:2] == [("2026-12-14", status), ("2027-01-20", "in_progress")]
    assert almanac.history(done.id) == []
    almanac.sync(company, date(2027, 6, 1))
    assert almanac.shown(company, "f29")[0] == ("2026-12-14", status)


def test_a_new_holiday_moves_exactly_what_it_should(almanac: Almanac) -> None:
    companies = [
        almanac.company(f29_due_day=day, has_employees=True, pays_additional_tax=True)
        for day in (12, 20)
    ]
    for company in companies:
        almanac.sync(company)
    before = {event.id: event for company in companies for event in almanac.events(company)}
    almanac.holiday(date(2026, 12, 14))
    for company in companies:
        almanac.sync(company)
    after = {event.id: event for company in companies for event in almanac.events(company)}
    assert after.keys() == before.keys()
    moved = [event for event in after.values() if event.due_date != before[event.id].due_date]
    assert sorted(event.template_code for event in moved) == ["f29", "f50", "f50"]
    for event in moved:
        assert event.due_date == date(2026, 12, 15)
        assert event.nominal_due_date == date(2026, 12, 12)
        assert almanac.history(event.id) == [
            {"due_date": ["2026-12-14", "2026-12-15"], "why": "holiday"}
        ]
    untouched = after.keys() - {event.id for event in moved}
    assert all(after[one].updated_at == before[one].updated_at for one in untouched)
    with almanac.sessions() as session:
        assert session.scalar(select(func.count(EventHistory.id))) == 3


def test_a_holiday_that_is_taken_back_moves_them_back(almanac: Almanac) -> None:
    company = almanac.company()
    almanac.holiday(date(2026, 12, 14))
    almanac.sync(company)
    assert almanac.shown(company, "f29")[0][0] == "2026-12-15"
    with almanac.sessions.begin() as session:
        session.delete(session.get_one(ExtraHoliday, date(2026, 12, 14)))
    almanac.sync(company)
    assert almanac.shown(company, "f29") == F29


def test_who_may_pay_on_the_20th_moves_and_what_was_late_is_not_any_more(almanac: Almanac) -> None:
    company = almanac.company()
    almanac.sync(company)
    almanac.sync(company, date(2026, 12, 15))
    almanac.set_facts(company, f29_due_day=20)
    almanac.sync(company, date(2026, 12, 15))
    assert almanac.shown(company, "f29")[:2] == [
        ("2026-12-21", "in_progress"),
        ("2027-01-20", "pending"),
    ]
    first = almanac.events(company, "f29")[0]
    assert almanac.history(first.id)[-2:] == [
        {
            "due_date": ["2026-12-14", "2026-12-21"],
            "nominal_due_date": ["2026-12-12", "2026-12-20"],
            "why": "rule",
        },
        {"status": ["overdue", "in_progress"], "why": "time"},
    ]


def test_the_reminders_of_what_moves_are_cancelled_and_no_others(almanac: Almanac) -> None:
    company = almanac.company()
    almanac.sync(company)
    first, second, *_ = almanac.events(company, "f29")
    moves = [almanac.reminder(first, status) for status in ("pending", "processing", "sent")]
    stays = almanac.reminder(second)
    almanac.holiday(date(2026, 12, 14))
    almanac.sync(company)
    assert almanac.reminders(moves) == ["cancelled", "processing", "sent"]
    assert almanac.reminders([stays]) == ["pending"]


def test_an_obligation_that_is_switched_off_leaves_the_calendar_and_comes_back(
    almanac: Almanac,
) -> None:
    company = almanac.company(has_employees=True)
    almanac.sync(company)
    event = almanac.events(company, "previred")[0]
    done = almanac.events(company, "previred")[1]
    almanac.mark(done.id, "completed")
    reminder = almanac.reminder(event)
    switch(almanac, "previred", False)
    almanac.sync(company)
    assert [status for _, status in almanac.shown(company, "previred")] == [
        "cancelled", "completed", "cancelled", "cancelled",
    ]  # fmt: skip
    assert almanac.reminders([reminder]) == ["cancelled"]
    assert almanac.history(event.id)[-1] == {
        "status": ["in_progress", "cancelled"],
        "why": "switched_off",
    }
    switch(almanac, "previred", True)
    almanac.sync(company, date(2026, 12, 20))  # what was due meanwhile stays away
    assert [status for _, status in almanac.shown(company, "previred")] == [
        "cancelled", "completed", "in_progress", "pending", "pending",
    ]  # fmt: skip


def test_what_a_user_cancelled_does_not_come_back_with_its_obligation(almanac: Almanac) -> None:
    company = almanac.company(has_employees=True)
    almanac.sync(company)
    almanac.mark(almanac.events(company, "previred")[0].id, "cancelled")
    for on in (False, True):
        switch(almanac, "previred", on)
        almanac.sync(company)
    assert [status for _, status in almanac.shown(company, "previred")] == [
        "cancelled", "in_progress", "pending", "pending",
    ]  # fmt: skip


def test_what_does_not_apply_any_more_leaves_the_calendar(almanac: Almanac) -> None:
    company = almanac.company(has_employees=True)
    almanac.sync(company)
    almanac.set_facts(company, has_employees=False, started_on=date(2026, 12, 5))
    almanac.sync(company)
    assert {status for _, status in almanac.shown(company, "previred")} == {"cancelled"}
    f29 = almanac.shown(company, "f29")
    assert f29[:2] == [("2026-12-14", "cancelled"), ("2027-01-12", "in_progress")]
    almanac.set_facts(company, has_employees=None, started_on=None)
    almanac.sync(company)
    assert almanac.shown(company, "previred")[0] == ("2026-12-13", "in_progress")


def test_nothing_is_lost_over_a_year_whatever_days_are_missed(almanac: Almanac) -> None:
    company = almanac.company(has_employees=True, owns_real_estate=True, pays_fees=True)
    for step in (0, 1, 40, 41, 150, 200, 300, 364):
        almanac.sync(company, TODAY + timedelta(days=step))
    events = almanac.events(company)
    keys = [(event.template_code, event.period_start, event.installment) for event in events]
    assert len(set(keys)) == len(keys)
    monthly = [e.period_start.month for e in events if e.template_code == "f29"]
    assert monthly[:12] == [11, 12, *range(1, 11)]
    assert len([e for e in events if e.template_code == "contribuciones"]) == 5


def test_a_company_that_follows_nothing_yet_is_told_what_to_do(almanac: Almanac) -> None:
    with pytest.raises(CalendarNotActivated, match="activate_mandatory_events"):
        almanac.sync(almanac.company(follows=False))


def test_an_unknown_company_is_named(almanac: Almanac) -> None:
    unknown = uuid4()
    with pytest.raises(NotFound, match=str(unknown)):
        almanac.sync(unknown)
