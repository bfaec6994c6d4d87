"""Who is told what by which channel, and which rows one call takes."""

import logging
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import uuid4

import pytest

from app.errors import InvalidInput
from app.services import notifications
from app.services.recipients import Recipients
from tests.unit.notifications.conftest import Clock, Process
from tests.unit.notifications.desk import Desk
from tests.unit.notifications.scripted import ScriptedChannel


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


def test_a_batch_takes_the_oldest_and_tells_what_remains(desk: Desk, process: Process) -> None:
    company = desk.company()
    hour_ago = datetime.now(UTC) - timedelta(hours=1)
    (oldest,) = desk.due(company, scheduled_for=hour_ago)
    desk.due(company, count=4)
    counts = process(ScriptedChannel(), batch=2)
    assert (counts["sent"], counts["remaining"]) == (2, 3)
    assert desk.notification(oldest).status == "sent"


@pytest.mark.parametrize("batch", [0, -1, 501])
def test_a_batch_out_of_range_is_refused(process: Process, batch: int) -> None:
    with pytest.raises(InvalidInput, match="batch") as caught:
        process(ScriptedChannel(), batch=batch)
    assert caught.value.field == "batch"


def test_a_batch_of_several_chunks_takes_each_notification_once(
    desk: Desk, process: Process
) -> None:
    number = 2 * notifications.CHUNK + 30
    ids = desk.due(desk.company(), count=number)
    email = ScriptedChannel()
    counts = process(email, batch=number - 10)
    assert (counts["sent"], counts["remaining"]) == (number - 10, 10)
    assert process(email, batch=number)["sent"] == 10
    assert len(email.sent) == number
    assert {desk.notification(each).attempts for each in ids} == {1}
    assert {(each.status, each.attempts) for one in ids for each in desk.deliveries(one)} == {
        ("sent", 1)
    }


def test_an_interruption_between_chunks_settles_nothing_that_nobody_tried(
    desk: Desk, process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = notifications.CHUNK + 30
    ids = desk.due(desk.company(), count=number)
    email, run_id = ScriptedChannel(), uuid4()
    with monkeypatch.context() as patch:
        patch.setattr(notifications, "Recipients", _interrupts_at(2))
        with pytest.raises(KeyboardInterrupt):
            process(email, batch=number, run_id=run_id)
    states = Counter(desk.notification(each).status for each in ids)
    sent = len(email.sent)
    assert states == Counter(processing=30, sent=sent, pending=notifications.CHUNK - sent)
    assert process(email, batch=number, run_id=run_id)["sent"] == number - sent
    assert len(email.sent) == len({each.delivery_id for each in email.sent}) == number


def _interrupts_at(call: int) -> Callable[..., Recipients]:
    calls = count(1)

    def recipients(*arguments: Any) -> Recipients:
        if next(calls) == call:
            raise KeyboardInterrupt
        return Recipients(*arguments)

    return recipients
