"""A message that a channel did not take is tried again, given up, or left in doubt."""

from datetime import timedelta
from uuid import uuid4

import pytest

from app.errors import ChannelUnavailable, DeliveryRefused, DeliveryUnknown, RateLimited
from app.infrastructure.db.models import Membership
from tests.unit.notifications.conftest import Clock, Process
from tests.unit.notifications.desk import Desk
from tests.unit.notifications.scripted import ScriptedChannel


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
