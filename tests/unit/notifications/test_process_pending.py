"""What becomes of due notifications, on a real Postgres."""

import logging
import signal
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from celery.exceptions import SoftTimeLimitExceeded

from app.errors import (
    ChannelUnavailable,
    DeliveryRefused,
    DeliveryUnknown,
    InvalidInput,
    RateLimited,
)
from app.infrastructure.db.models import Membership, NotificationDelivery, User
from app.services import claims, notifications
from app.services.messages import Message
from tests.unit.notifications.conftest import Clock
from tests.unit.notifications.desk import Desk
from tests.unit.notifications.scripted import ScriptedChannel

Process = Callable[..., dict[str, int]]


def test_every_member_is_told_by_every_channel(desk: Desk, process: Process) -> None:
    (due,) = desk.due(desk.company(members=2))
    whatsapp, email = ScriptedChannel("whatsapp"), ScriptedChannel("email")

    assert process(whatsapp, email)["sent"] == 1

    assert len(whatsapp.sent) == len(email.sent) == 2
    assert email.sent[0].text.subject == "F29 de 2026-10"
    assert email.sent[0].text.body == "Vence el 12/11/2026: 184300 pesos.\n"
    assert whatsapp.sent[0].text.parameters == (("due_date", "12/11/2026"),)
    assert {each.status for each in desk.deliveries(due)} == {"sent"}
    assert {each.provider_id for each in desk.deliveries(due)} == {
        f"provider-{message.delivery_id}" for message in [*whatsapp.sent, *email.sent]
    }
    row = desk.notification(due)
    assert (row.status, row.attempts, row.claimed_by, row.lease_until) == ("sent", 1, None, None)


def test_what_is_not_due_yet_stays(desk: Desk, process: Process, clock: Clock) -> None:
    (later,) = desk.due(desk.company(), scheduled_for=clock() + timedelta(minutes=2))
    email = ScriptedChannel()
    assert process(email) == {
        "sent": 0, "partial": 0, "failed": 0, "skipped": 0, "retrying": 0, "remaining": 0,
    }  # fmt: skip
    clock.advance(minutes=3)
    assert process(email)["sent"] == 1
    assert desk.notification(later).status == "sent"


def test_a_second_run_sends_nothing_again(desk: Desk, process: Process) -> None:
    desk.due(desk.company(), count=3)
    email = ScriptedChannel()
    assert process(email)["sent"] == 3
    assert process(email)["sent"] == 0
    assert len(email.sent) == 3


def test_a_company_without_members_is_skipped(desk: Desk, process: Process) -> None:
    (due,) = desk.due(desk.company(members=0))
    assert process(ScriptedChannel())["skipped"] == 1
    assert desk.notification(due).status == "skipped"


def test_a_member_without_a_phone_is_told_by_email_alone(desk: Desk, process: Process) -> None:
    (due,) = desk.due(desk.company(phone=None))
    assert process(ScriptedChannel("whatsapp"), ScriptedChannel("email"))["sent"] == 1
    assert desk.delivery(due).channel == "email"


def test_a_text_without_an_approved_template_does_not_go_by_whatsapp(
    desk: Desk, process: Process
) -> None:
    desk.template("plain", whatsapp_template=None)
    (due,) = desk.due(desk.company(), template="plain")
    whatsapp = ScriptedChannel("whatsapp")
    assert process(whatsapp, ScriptedChannel("email"))["sent"] == 1
    assert desk.delivery(due).channel == "email"
    assert whatsapp.sent == []


def test_a_channel_that_is_off_gets_no_delivery_and_is_told_once(
    desk: Desk, process: Process, caplog: pytest.LogCaptureFixture
) -> None:
    notifications._say_that_it_is_off.cache_clear()
    (due,) = desk.due(desk.company())
    with caplog.at_level(logging.WARNING):
        process(ScriptedChannel("email"))
        process(ScriptedChannel("email"))
    assert desk.delivery(due).channel == "email"
    assert caplog.text.count("whatsapp is not configured") == 1


def test_nothing_is_claimed_without_any_channel(desk: Desk, process: Process) -> None:
    (due,) = desk.due(desk.company())
    assert process()["remaining"] == 0
    row = desk.notification(due)
    assert (row.status, row.attempts) == ("pending", 0)


def test_an_unreachable_channel_is_tried_three_times_with_growing_waits(
    desk: Desk, process: Process, clock: Clock
) -> None:
    (due,) = desk.due(desk.company())
    email = ScriptedChannel(script=[ChannelUnavailable() for _ in range(3)])

    assert process(email)["retrying"] == 1
    first = desk.notification(due)
    assert first.status == "pending"
    assert first.scheduled_for == desk.delivery(due).next_try_at
    assert 60 <= (first.scheduled_for - clock()).total_seconds() <= 75

    clock.advance(seconds=30)
    assert process(email)["retrying"] == 0, "it is not due yet"
    clock.advance(seconds=60)
    assert process(email)["retrying"] == 1
    assert 300 <= (desk.notification(due).scheduled_for - clock()).total_seconds() <= 375

    clock.advance(seconds=400)
    assert process(email)["failed"] == 1
    delivery = desk.delivery(due)
    assert (delivery.status, delivery.attempts, delivery.next_try_at) == ("failed", 3, None)
    assert delivery.error_code == "channel_unavailable"
    assert desk.notification(due).status == "failed"
    clock.advance(days=1)
    process(email)
    assert email.sent == []


def test_a_retry_that_succeeds_uses_the_same_delivery_and_forgets_the_error(
    desk: Desk, process: Process, clock: Clock
) -> None:
    (due,) = desk.due(desk.company())
    email = ScriptedChannel(script=[RateLimited()])
    process(email)
    first = desk.delivery(due).id
    clock.advance(minutes=2)
    assert process(email)["sent"] == 1
    delivery = desk.delivery(due)
    assert (delivery.id, delivery.attempts, delivery.error_code) == (first, 2, None)


def test_the_wait_that_a_provider_asks_for_is_kept(
    desk: Desk, process: Process, clock: Clock
) -> None:
    (due,) = desk.due(desk.company())
    error = RateLimited()
    error.retry_after = 900
    process(ScriptedChannel(script=[error]))
    assert desk.notification(due).scheduled_for == clock() + timedelta(seconds=900)


def test_a_retry_does_not_repeat_what_was_sent_by_the_other_channel(
    desk: Desk, process: Process, clock: Clock
) -> None:
    desk.due(desk.company())
    whatsapp, email = ScriptedChannel("whatsapp", [ChannelUnavailable()]), ScriptedChannel("email")
    assert process(whatsapp, email)["retrying"] == 1
    clock.advance(minutes=2)
    assert process(whatsapp, email)["sent"] == 1
    assert len(whatsapp.sent) == len(email.sent) == 1


def test_a_refused_message_is_never_tried_again(desk: Desk, process: Process, clock: Clock) -> None:
    (due,) = desk.due(desk.company())
    whatsapp = ScriptedChannel("whatsapp", [DeliveryRefused("code 131026")])
    assert process(whatsapp)["failed"] == 1
    clock.advance(days=1)
    assert process(whatsapp)["failed"] == 0
    delivery = desk.delivery(due)
    assert (delivery.status, delivery.error_code) == ("failed", "delivery_refused")
    assert delivery.error_message == "code 131026"


def test_a_failed_delivery_is_logged_with_its_run_and_company_but_no_address(
    desk: Desk, process: Process, caplog: pytest.LogCaptureFixture
) -> None:
    company, run = desk.company(), uuid4()
    (due,) = desk.due(company)
    process(ScriptedChannel(script=[DeliveryRefused("code 550")]), run_id=run)
    (record,) = (each for each in caplog.records if "is failed: code 550" in each.message)
    assert record.__dict__.items() >= {
        ("run", str(run)), ("company", str(company)), ("notification", str(due))
    }  # fmt: skip
    assert str(desk.delivery(due).id) in record.message
    assert "pyme.example" not in caplog.text


def test_one_channel_refused_and_one_sent_is_partial(desk: Desk, process: Process) -> None:
    (due,) = desk.due(desk.company())
    whatsapp = ScriptedChannel("whatsapp", [DeliveryRefused()])
    assert process(whatsapp, ScriptedChannel("email"))["partial"] == 1
    assert desk.notification(due).status == "partial"


@pytest.mark.parametrize("error", [DeliveryUnknown(), RuntimeError("a defect of the channel")])
def test_a_message_in_doubt_is_never_sent_again(
    desk: Desk, process: Process, clock: Clock, error: Exception
) -> None:
    both = desk.due(desk.company(), count=2)
    email = ScriptedChannel(script=[error])
    counts = process(email)
    assert (counts["partial"], counts["sent"]) == (1, 1), "the other message still goes"
    clock.advance(days=1)
    process(email)
    assert len(email.sent) == 1
    assert {desk.delivery(each).status for each in both} == {"unknown", "sent"}
    assert {desk.delivery(each).error_code for each in both} == {"delivery_unknown", None}


def test_a_template_that_cannot_be_rendered_fails_its_notification_alone(
    desk: Desk, process: Process
) -> None:
    desk.template("broken", body="{{ nobody_gave_this }}")
    (broken,) = desk.due(desk.company(), template="broken")
    (fine,) = desk.due(desk.company())
    counts = process(ScriptedChannel())
    assert (counts["failed"], counts["sent"]) == (1, 1)
    row = desk.notification(broken)
    assert (row.status, row.error_code) == ("failed", "template_invalid")
    assert "nobody_gave_this" in (row.error_message or "")
    assert desk.deliveries(broken) == []
    assert desk.notification(fine).status == "sent"


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


def test_a_retry_whose_recipient_has_left_the_company_ends(
    desk: Desk, process: Process, clock: Clock
) -> None:
    company = desk.company()
    (due,) = desk.due(company)
    email = ScriptedChannel(script=[ChannelUnavailable()])
    process(email)
    with desk.sessions.begin() as session:
        session.query(Membership).filter_by(company_id=company).delete()
    clock.advance(minutes=2)
    counts = process(email)
    assert (counts["failed"], counts["remaining"]) == (1, 0)
    assert desk.notification(due).status == "failed"


def test_a_batch_takes_the_oldest_and_tells_what_remains(desk: Desk, process: Process) -> None:
    company = desk.company()
    hour_ago = datetime.now(UTC) - timedelta(hours=1)
    (oldest,) = desk.due(company, scheduled_for=hour_ago)
    desk.due(company, count=4)
    counts = process(ScriptedChannel(), batch=2)
    assert (counts["sent"], counts["remaining"]) == (2, 3)
    assert desk.notification(oldest).status == "sent"


def test_near_the_deadline_no_send_begins_and_the_claims_are_given_back(
    desk: Desk, process: Process
) -> None:
    desk.due(desk.company(members=3), count=30)
    email = ScriptedChannel()
    pause = threading.Event()
    email.on_send = lambda message: pause.wait(0.3)
    started = time.monotonic()
    counts = process(email, deadline=started + notifications.LAST_START + 1)
    assert time.monotonic() - started < 4
    assert 0 < counts["sent"] < 30
    assert counts["remaining"] == 30 - counts["sent"]
    assert desk.statuses() == {"sent": counts["sent"], "pending": counts["remaining"]}
    assert max(email.timeouts) <= notifications.LAST_START + 1

    while process(email)["remaining"]:
        pass
    assert len(email.sent) == len({message.delivery_id for message in email.sent}) == 90


def test_an_interrupted_run_finishes_what_is_on_the_wire_and_gives_back_the_rest(
    desk: Desk, process: Process
) -> None:
    email = ScriptedChannel()
    pause = threading.Event()
    desk.due(desk.company(), count=40)

    def interrupt(signal_number: int, frame: object) -> None:
        raise SoftTimeLimitExceeded

    previous = signal.signal(signal.SIGALRM, interrupt)
    email.on_send = lambda message: (signal.setitimer(signal.ITIMER_REAL, 0.1), pause.wait(0.5))
    try:
        with pytest.raises(SoftTimeLimitExceeded):
            process(email)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
    sent = len(email.sent)
    assert 0 < sent <= notifications.THREADS
    assert desk.statuses() == {"sent": sent, "pending": 40 - sent}


def test_fifty_slow_messages_go_out_in_a_few_seconds(desk: Desk, process: Process) -> None:
    desk.due(desk.company(), count=50)
    email = ScriptedChannel()
    pause = threading.Event()
    email.on_send = lambda message: pause.wait(0.3)
    started = time.monotonic()
    assert process(email)["sent"] == 50
    assert time.monotonic() - started < 8, "one after the other would take 15 s"


@pytest.mark.parametrize("batch", [0, -1, 501])
def test_a_batch_out_of_range_is_refused(process: Process, batch: int) -> None:
    with pytest.raises(InvalidInput, match="batch") as caught:
        process(ScriptedChannel(), batch=batch)
    assert caught.value.field == "batch"
