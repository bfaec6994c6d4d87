"""Rows that another run holds, and rows that a dead one left behind."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import event, text

from app.infrastructure.db.models import Membership, NotificationDelivery, User
from app.services import claims
from app.services.messages import Message
from tests.unit.notifications.conftest import Clock, Process
from tests.unit.notifications.desk import Desk
from tests.unit.notifications.scripted import ScriptedChannel


def test_a_lease_that_is_running_is_respected_and_an_expired_one_taken_over(
    desk: Desk, process: Process, clock: Clock
) -> None:
    (held,) = desk.due(
        desk.company(),
        status="processing",
        claimed_by=uuid4(),
        lease_until=clock() + timedelta(minutes=5),
        attempts=1,
    )
    email = ScriptedChannel()
    assert process(email)["sent"] == 0
    clock.advance(minutes=6)
    assert process(email)["sent"] == 1
    assert desk.notification(held).attempts == 2


def test_a_run_that_outlived_its_lease_does_not_touch_the_next_ones_claim(
    desk: Desk, process: Process, clock: Clock
) -> None:
    (due,) = desk.due(desk.company())
    other = uuid4()

    def taken_over(message: Message) -> None:
        with desk.sessions.begin() as session:
            assert claims.claim_due(session, other, 1, clock() + timedelta(minutes=6))

    email = ScriptedChannel()
    email.on_send = taken_over
    process(email)
    row = desk.notification(due)
    assert (row.status, row.claimed_by, row.attempts) == ("processing", other, 2)
    assert desk.delivery(due).status == "sent", "what it sent is recorded all the same"


def test_what_a_dead_worker_was_sending_becomes_unknown_and_the_rest_is_sent(
    desk: Desk, process: Process, clock: Clock
) -> None:
    company = desk.company(members=2)
    (half,) = desk.due(
        company,
        status="processing",
        claimed_by=uuid4(),
        lease_until=clock() - timedelta(seconds=1),
        attempts=1,
    )
    with desk.sessions() as session:
        member = session.query(Membership).filter_by(company_id=company).first()
    assert member is not None
    desk.make(
        [
            NotificationDelivery(
                notification_id=half, user_id=member.user_id, channel="email", attempts=1
            )
        ]
    )
    email = ScriptedChannel()
    assert process(email)["partial"] == 1
    assert sorted(each.status for each in desk.deliveries(half)) == ["sent", "unknown"]
    with desk.sessions() as session:
        dead = session.get_one(User, member.user_id).email
    assert [message.address for message in email.sent] != [dead]
    assert len(email.sent) == 1


def test_a_row_that_kills_its_workers_is_given_up(
    desk: Desk, process: Process, clock: Clock
) -> None:
    (poison,) = desk.due(
        desk.company(), status="processing", lease_until=clock() - timedelta(1), attempts=10
    )
    email = ScriptedChannel()
    process(email)
    row = desk.notification(poison)
    assert (row.status, row.error_code, email.sent) == ("failed", "abandoned", [])


def test_the_next_attempt_of_a_run_takes_up_at_once_what_the_last_one_left(
    desk: Desk, process: Process, clock: Clock
) -> None:
    run = uuid4()
    (left,) = desk.due(
        desk.company(),
        status="processing",
        claimed_by=run,
        lease_until=clock() + timedelta(minutes=5),
        attempts=1,
    )
    email = ScriptedChannel()
    assert process(email, run_id=run)["sent"] == 1
    assert desk.notification(left).attempts == 2


def test_a_few_of_the_thousands_that_are_due_at_one_moment_are_found_by_the_index(
    desk: Desk, clock: Clock
) -> None:
    desk.due(desk.company(), count=2000, scheduled_for=clock())
    asked: list[tuple[str, Any]] = []

    def note(connection: Any, cursor: Any, statement: str, parameters: Any, *rest: Any) -> None:
        asked.append((statement, parameters))

    with desk.sessions.begin() as session:
        session.execute(text("ANALYZE scheduled_notifications"))
        connection = session.connection()
        event.listen(connection, "before_cursor_execute", note)
        assert len(claims.claim_due(session, uuid4(), 50, clock(), besides=[uuid4()])) == 50
        ((statement, parameters),) = asked
        rows = connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)
        plan = "\n".join(rows.scalars())
    assert "ix_scheduled_notifications_due" in plan
    assert "Sort" not in plan, "all that are due were read for each chunk of fifty"
