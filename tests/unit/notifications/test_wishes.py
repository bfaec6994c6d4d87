"""What people wish is kept while messages are sent: rows move, none is lost."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from app.errors import RateLimited
from app.infrastructure.db.models import (
    Membership,
    NotificationPreferences,
    NotificationSubscription,
)
from app.services import notifications
from tests.unit.notifications.conftest import Clock, Process
from tests.unit.notifications.desk import Desk
from tests.unit.notifications.scripted import ScriptedChannel

CHILE = ZoneInfo("America/Santiago")
NOON = datetime(2026, 12, 2, 12, tzinfo=CHILE).astimezone(UTC)  # a Wednesday


@pytest.fixture
def noon(clock: Clock) -> Clock:
    clock.at = NOON
    return clock


def wish(desk: Desk, company: UUID, **wishes: Any) -> None:
    with desk.sessions.begin() as session:
        for user in session.scalars(
            select(Membership.user_id).where(Membership.company_id == company)
        ):
            session.add(NotificationPreferences(user_id=user, company_id=company, **wishes))


def due(desk: Desk, company: UUID, count: int = 1) -> list[UUID]:
    return desk.due(company, count, scheduled_for=NOON - timedelta(minutes=1))


def test_what_comes_in_quiet_hours_waits_for_their_end(
    desk: Desk, process: Process, noon: Clock
) -> None:
    company = desk.company()
    wish(desk, company, quiet_start=time(22), quiet_end=time(8))
    (row,) = due(desk, company)
    noon.at = datetime(2026, 12, 2, 23, tzinfo=CHILE)
    email = ScriptedChannel()
    assert process(email)["retrying"] == 1
    morning = datetime(2026, 12, 3, 8, tzinfo=CHILE)
    assert desk.notification(row).scheduled_for == morning
    delivery = desk.delivery(row)
    assert (delivery.status, delivery.next_try_at) == ("deferred", morning)
    noon.at = morning
    assert process(email)["sent"] == 1
    assert (len(email.sent), desk.delivery(row).attempts) == (1, 1)


def test_one_of_two_who_sleeps_is_told_later_and_the_other_at_once(
    desk: Desk, process: Process, noon: Clock
) -> None:
    company = desk.company(members=2)
    with desk.sessions.begin() as session:
        member = session.query(Membership).filter_by(company_id=company).first()
        assert member is not None
        session.add(
            NotificationPreferences(user_id=member.user_id, company_id=company, muted_weekdays=[3])
        )
    (row,) = due(desk, company)
    email = ScriptedChannel()
    assert process(email)["retrying"] == 1
    assert sorted(each.status for each in desk.deliveries(row)) == ["deferred", "sent"]
    noon.at = datetime(2026, 12, 3, 0, tzinfo=CHILE)
    assert process(email)["sent"] == 1
    assert len(email.sent) == 2


def test_eight_runs_at_once_keep_the_most_a_day(desk: Desk, process: Process, noon: Clock) -> None:
    company = desk.company()
    wish(desk, company, max_per_day=3)
    due(desk, company, 24)
    email = ScriptedChannel()

    def run(_: int) -> Any:
        return notifications.process_pending(
            desk.sessions, {"email": email}, run_id=uuid4(), now=noon, batch=3
        )

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(run, range(8)))
    assert len(email.sent) == 3
    assert desk.statuses() == {"sent": 3, "pending": 21}
    for day in range(1, 8):
        noon.at = datetime(2026, 12, 2 + day, 0, tzinfo=CHILE)
        process(email)
        assert len(email.sent) == 3 + 3 * day
    assert desk.statuses() == {"sent": 24}


def test_messages_keep_their_interval_and_two_channels_are_one_notification(
    desk: Desk, process: Process, noon: Clock
) -> None:
    company = desk.company()
    wish(desk, company, min_interval_minutes=30)
    due(desk, company, 2)
    whatsapp, email = ScriptedChannel("whatsapp"), ScriptedChannel()
    assert process(whatsapp, email)["sent"] == 1
    assert len(whatsapp.sent) == len(email.sent) == 1
    noon.advance(minutes=29)
    process(whatsapp, email)
    assert len(email.sent) == 1
    noon.advance(minutes=1)
    process(whatsapp, email)
    assert len(whatsapp.sent) == len(email.sent) == 2


def test_who_wants_nothing_and_who_unsubscribed_is_skipped(
    desk: Desk, process: Process, noon: Clock
) -> None:
    silent, unsubscribed = desk.company(), desk.company()
    wish(desk, silent, enabled=False)
    desk.make(
        [NotificationSubscription(company_id=unsubscribed, template_code="f29", enabled=False)]
    )
    due(desk, silent)
    due(desk, unsubscribed)
    assert process(ScriptedChannel())["skipped"] == 2


def test_a_subscription_may_name_its_channels(desk: Desk, process: Process, noon: Clock) -> None:
    company = desk.company()
    desk.make(
        [NotificationSubscription(company_id=company, template_code="f29", channels=["email"])]
    )
    (row,) = due(desk, company)
    process(ScriptedChannel("whatsapp"), ScriptedChannel())
    assert desk.delivery(row).channel == "email"


def test_a_provider_that_asks_for_a_pause_gets_nothing_until_it_is_over(
    desk: Desk, process: Process, noon: Clock
) -> None:
    company = desk.company()
    first, second = due(desk, company, 2)
    error = RateLimited()
    error.retry_after = 600
    email = ScriptedChannel(script=[error])
    process(email, batch=1)
    assert process(email, batch=5)["retrying"] == 1, "the other one is not even tried"
    assert email.sent == []
    states = {desk.delivery(each).status for each in (first, second)}
    assert states == {"failed", "deferred"}
    noon.advance(seconds=601)
    assert process(email)["sent"] == 2


def test_a_channels_pace_holds_for_all_runs_together(desk: Desk) -> None:
    for _ in range(4):
        desk.due(desk.company(), 10)
    email = ScriptedChannel()
    email.per_second = 20
    began = datetime.now(UTC)

    def run(_: int) -> Any:
        return notifications.process_pending(
            desk.sessions, {"email": email}, run_id=uuid4(), batch=10
        )

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(run, range(4)))
    assert len(email.sent) == 40
    assert (datetime.now(UTC) - began).total_seconds() >= 1.9


def test_a_row_that_was_put_off_often_is_not_taken_for_one_that_kills_its_workers(
    desk: Desk, process: Process, noon: Clock
) -> None:
    company = desk.company()
    wish(desk, company, quiet_start=time(22), quiet_end=time(8))
    (row,) = desk.due(company, scheduled_for=NOON - timedelta(minutes=1), attempts=9)
    noon.at = datetime(2026, 12, 2, 23, tzinfo=CHILE)
    process(ScriptedChannel())
    assert (desk.notification(row).status, desk.notification(row).attempts) == ("pending", 0)
