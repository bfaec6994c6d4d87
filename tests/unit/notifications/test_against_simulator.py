"""From due rows to messages that the simulator, in a process of its own, has accepted."""

from collections.abc import Iterator

import pytest

from app.infrastructure.channels import configured_channels
from app.infrastructure.channels import whatsapp as whatsapp_channel
from app.settings import Settings
from tests.simulator import Simulator, running_simulator
from tests.unit.notifications.conftest import Clock, Process
from tests.unit.notifications.desk import Desk

TOKEN = "a-token-of-this-test"
WHATSAPP = "/whatsapp"


@pytest.fixture(scope="module")
def simulator_process() -> Iterator[Simulator]:
    with running_simulator(SIMULATOR_WHATSAPP_TOKEN=TOKEN) as simulator:
        yield simulator


@pytest.fixture
def simulator(simulator_process: Simulator) -> Simulator:
    simulator_process.reset()
    return simulator_process


@pytest.fixture
def process_all(simulator: Simulator, process: Process) -> Iterator[Process]:
    channels = configured_channels(
        Settings(
            whatsapp_api_url=f"{simulator.url}{WHATSAPP}",
            whatsapp_phone_number_id="100000000000001",
            whatsapp_access_token=TOKEN,
            whatsapp_per_second=None,  # a pace needs a clock that goes
            smtp_url=f"smtp://127.0.0.1:{simulator.smtp_port}",
        )
    )
    yield lambda **options: process(*channels.values(), **options)
    channels["whatsapp"]._http().close()  # type: ignore[attr-defined]


def test_fifty_notifications_reach_their_people_by_both_channels(
    desk: Desk, simulator: Simulator, process_all: Process
) -> None:
    due = desk.due(desk.company(), count=50)
    assert process_all()["sent"] == 50
    accepted = simulator.messages()
    by_whatsapp = {
        each["biz_opaque_callback_data"]: each for each in accepted if each["channel"] == "whatsapp"
    }
    by_mail = {each["message_id"]: each for each in accepted if each["channel"] == "email"}
    assert (len(accepted), len(by_whatsapp), len(by_mail)) == (100, 50, 50)
    for notification in due:
        mail, whatsapp = desk.deliveries(notification)
        assert by_mail[mail.provider_id]["subject"] == "F29 de 2026-10"
        message = by_whatsapp[str(whatsapp.id)]
        assert message["message_id"] == whatsapp.provider_id
        assert (message["to"], message["template"]) == ("56987654321", "f29_reminder_3d")
        assert message["body"] == "12/11/2026"


def test_an_undeliverable_number_and_an_unknown_template_fail_for_good(
    desk: Desk, simulator: Simulator, process_all: Process
) -> None:
    desk.template("gone", whatsapp_template="unknown_template")
    (undeliverable,) = desk.due(desk.company(phone="+56990131026"))
    (unknown,) = desk.due(desk.company(), template="gone")
    assert process_all()["partial"] == 2, "the mails arrive"
    reasons = {
        each.error_message
        for notification in (undeliverable, unknown)
        for each in desk.deliveries(notification)
        if each.status == "failed" and each.next_try_at is None
    }
    assert reasons == {
        "WhatsApp refused the message (HTTP 400, code 131026).",
        "WhatsApp refused the message (HTTP 404, code 132001).",
    }


def test_an_outage_ends_and_every_message_arrives_once(
    desk: Desk, simulator: Simulator, process_all: Process, clock: Clock
) -> None:
    desk.due(desk.company(), count=5)
    simulator.fail(WHATSAPP, "http_503")
    assert process_all()["retrying"] == 5
    assert {each["channel"] for each in simulator.messages()} == {"email"}
    simulator.heal()
    clock.advance(minutes=2)
    assert process_all()["sent"] == 5
    channels = sorted(each["channel"] for each in simulator.messages())
    assert channels == ["email"] * 5 + ["whatsapp"] * 5


def test_a_number_that_is_written_to_too_often_is_tried_later(
    desk: Desk, simulator: Simulator, process_all: Process
) -> None:
    (due,) = desk.due(desk.company(phone="+56990131056"))
    assert process_all()["retrying"] == 1
    _, whatsapp = desk.deliveries(due)
    assert (whatsapp.error_code, whatsapp.attempts) == ("rate_limited", 1)


def test_an_answer_that_comes_too_late_is_not_asked_for_twice(
    desk: Desk,
    simulator: Simulator,
    process_all: Process,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(whatsapp_channel, "READ_TIMEOUT", 2)
    (due,) = desk.due(desk.company())
    simulator.fail(WHATSAPP, "slow_page", ms=4_000, count=1)
    assert process_all()["partial"] == 1
    _, whatsapp = desk.deliveries(due)
    assert (whatsapp.status, whatsapp.error_code) == ("unknown", "delivery_unknown")
    clock.advance(days=1)
    assert process_all()["sent"] == 0
    assert sum(each["channel"] == "whatsapp" for each in simulator.messages()) <= 1
