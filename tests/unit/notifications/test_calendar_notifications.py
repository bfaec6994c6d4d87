"""Reminders of the calendar: made once, moved with their dates, taken back with their events."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session, sessionmaker

from app.errors import InvalidInput
from app.infrastructure.db.models import (
    CalendarEvent,
    Company,
    CompanyEvent,
    EventTemplate,
    NotificationSubscription,
    NotificationTemplate,
    ScheduledNotification,
)
from app.infrastructure.db.session import get_session_factory
from app.services.calendar_notifications import sync_calendar
from app.services.reminders import cancel_reminders

CHILE = ZoneInfo("America/Santiago")
NOW = datetime(2026, 11, 3, 15, tzinfo=UTC)
DUE = date(2026, 11, 12)


@pytest.fixture
def sessions(database_url: str) -> sessionmaker[Session]:
    sessions = get_session_factory()
    with sessions.begin() as session:
        event = {"category": "tax", "authority": "SII", "is_mandatory": True}
        session.merge(
            EventTemplate(code="f29", name="Formulario 29", display_days_before=30, **event)
        )
        session.flush()
        for days in (7, 3, -1):
            session.merge(
                NotificationTemplate(
                    code=f"own_f29_{days}", subject="F29", body="Vence.", event_code="f29",
                    days_before=days, send_at=time(9, 30), whatsapp_parameters=[],
                )
            )  # fmt: skip
    return sessions


def company(sessions: sessionmaker[Session], **event: Any) -> UUID:
    """Makes a company that is subscribed to two of the three; returns its event."""
    with sessions.begin() as session:
        made = Company(rut=f"{uuid4().hex[:10]}-0", business_name="Ferretería")
        session.add(made)
        session.flush()
        follows = CompanyEvent(company_id=made.id, template_code="f29")
        session.add(follows)
        for days in (7, -1):
            session.add(
                NotificationSubscription(company_id=made.id, template_code=f"own_f29_{days}")
            )
        session.flush()
        values = {
            "company_event_id": follows.id, "company_id": made.id, "template_code": "f29",
            "period_start": date(2026, 10, 1), "period_end": date(2026, 10, 31),
            "nominal_due_date": DUE, "due_date": DUE,
        }  # fmt: skip
        row = CalendarEvent(**(values | event))
        session.add(row)
        session.flush()
        return row.id


def sync(sessions: sessionmaker[Session], now: datetime = NOW) -> tuple[int, ...]:
    with sessions.begin() as session:
        result = sync_calendar(session, now=now)
    assert list(result) == ["events_processed", "notifications_created", "existing", "cancelled"]
    return tuple(result.values())


def reminders(sessions: sessionmaker[Session]) -> list[tuple[str, str, datetime]]:
    row = ScheduledNotification
    with sessions() as session:
        found = session.execute(
            select(row.template_code, row.status, row.scheduled_for).order_by(row.scheduled_for)
        )
        return [(code, status, at) for code, status, at in found]


def test_each_subscribed_template_reminds_once_at_its_time_in_chile(
    sessions: sessionmaker[Session],
) -> None:
    event = company(sessions)
    assert sync(sessions) == (1, 2, 0, 0)
    assert sync(sessions) == (1, 0, 2, 0)
    assert reminders(sessions) == [
        ("own_f29_7", "pending", datetime(2026, 11, 5, 9, 30, tzinfo=CHILE)),
        ("own_f29_-1", "pending", datetime(2026, 11, 13, 9, 30, tzinfo=CHILE)),
    ]
    with sessions() as session:
        row = session.scalars(select(ScheduledNotification)).first()
        assert row is not None
        assert row.dedupe_key.startswith(f"cal:{event}:own_f29_")
        assert row.dedupe_key.endswith(":2026-11-12")
        assert (row.entity_type, row.entity_id) == ("calendar_event", event)
        assert row.context["due_date"] == "12/11/2026"


def test_eight_at_once_make_each_reminder_once(sessions: sessionmaker[Session]) -> None:
    for _ in range(20):
        company(sessions)
    with ThreadPoolExecutor(8) as pool:
        made = [each[1] for each in pool.map(lambda _: sync(sessions), range(8))]
    assert sum(made) == len(reminders(sessions)) == 40


def test_a_moved_date_takes_the_old_reminders_back_and_makes_new_ones(
    sessions: sessionmaker[Session],
) -> None:
    event = company(sessions)
    sync(sessions)
    move(sessions, event, due_date=date(2026, 11, 13))
    assert sync(sessions) == (1, 2, 0, 2)
    move(sessions, event, due_date=DUE)  # and back again
    assert sync(sessions) == (1, 2, 0, 2)
    assert (
        sorted(status for _, status, _ in reminders(sessions))
        == ["cancelled"] * 2 + ["pending"] * 2
    )


@pytest.mark.parametrize("status", ["completed", "cancelled"])
def test_an_event_that_is_over_reminds_nobody(sessions: sessionmaker[Session], status: str) -> None:
    event = company(sessions)
    sync(sessions)
    move(sessions, event, status=status)
    assert sync(sessions) == (0, 0, 0, 2)


def test_who_unsubscribes_is_not_reminded(sessions: sessionmaker[Session]) -> None:
    company(sessions)
    sync(sessions)
    with sessions.begin() as session:
        session.execute(update(NotificationSubscription).values(enabled=False))
    assert sync(sessions) == (0, 0, 0, 2)


def test_a_moment_that_is_long_past_is_not_made_up_for(sessions: sessionmaker[Session]) -> None:
    company(sessions)
    late = datetime(2026, 11, 6, 9, tzinfo=CHILE)  # a day after "in 7 days"
    assert sync(sessions, late) == (1, 1, 0, 0)
    assert [code for code, _, _ in reminders(sessions)] == ["own_f29_-1"]


def test_a_moment_that_was_missed_by_hours_is(sessions: sessionmaker[Session]) -> None:
    company(sessions)
    assert sync(sessions, datetime(2026, 11, 5, 18, tzinfo=CHILE)) == (1, 2, 0, 0)


def test_what_was_sent_is_neither_taken_back_nor_made_again(
    sessions: sessionmaker[Session],
) -> None:
    event = company(sessions)
    sync(sessions)
    with sessions.begin() as session:
        session.execute(update(ScheduledNotification).values(status="sent"))
        assert cancel_reminders(session, [event]) == 0
    assert sync(sessions) == (1, 0, 2, 0)


def test_events_beyond_the_horizon_wait(sessions: sessionmaker[Session]) -> None:
    company(sessions, due_date=date(2026, 12, 14))
    assert sync(sessions) == (0, 0, 0, 0)


@pytest.mark.parametrize("days", [0, -1, 367])
def test_a_horizon_out_of_range_is_refused(sessions: sessionmaker[Session], days: int) -> None:
    with sessions() as session, pytest.raises(InvalidInput, match="days_ahead"):
        sync_calendar(session, days_ahead=days)


def move(sessions: sessionmaker[Session], event: UUID, **values: Any) -> None:
    with sessions.begin() as session:
        session.execute(update(CalendarEvent).where(CalendarEvent.id == event).values(values))
