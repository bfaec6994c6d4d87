"""What the WhatsApp channel says to Meta's API, and what it makes of the answers."""

import socket
import time
from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest

from app.errors import ChannelUnavailable, DeliveryRefused, DeliveryUnknown, RateLimited
from app.infrastructure.channels.whatsapp import WhatsAppChannel
from app.infrastructure.db.models import User
from app.services.messages import Message, Text
from tests.unit.notifications.graph_api import GraphApi, refused, serving

To = Callable[[str], WhatsAppChannel]
TOKEN = "not-to-be-shown"
MESSAGE = Message(
    uuid4(),
    "56987654321",
    Text("F29", "Vence el 12/11/2026.\n", "f29_reminder_3d", (("due_date", "12/11/2026"),)),
)


@pytest.fixture
def graph() -> Iterator[GraphApi]:
    with serving() as server:
        yield server


@pytest.fixture
def channel_to() -> Iterator[Callable[[str], WhatsAppChannel]]:
    made: list[WhatsAppChannel] = []

    def make(url: str) -> WhatsAppChannel:
        made.append(WhatsAppChannel(f"{url}/", "100200300", TOKEN))
        return made[-1]

    yield make
    for channel in made:
        channel._http().close()


def test_a_template_message_is_what_the_cloud_api_documents(
    graph: GraphApi, channel_to: To
) -> None:
    wamid = channel_to(graph.url).send(MESSAGE, timeout=15)
    ((path, headers, body),) = graph.requests
    assert path == "/v21.0/100200300/messages"
    assert headers["Authorization"] == f"Bearer {TOKEN}"
    assert body == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "56987654321",
        "type": "template",
        "template": {
            "name": "f29_reminder_3d",
            "language": {"code": "es_CL"},
            "components": [
                {
                    "type": "body",
                    "parameters": [
                        {"type": "text", "parameter_name": "due_date", "text": "12/11/2026"}
                    ],
                }
            ],
        },
        "biz_opaque_callback_data": str(MESSAGE.delivery_id),
    }
    assert wamid == f"wamid.{MESSAGE.delivery_id}"


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (400, 131026, DeliveryRefused),
        (400, 132000, DeliveryRefused),
        (404, 132001, DeliveryRefused),
        (401, 190, DeliveryRefused),
        (400, None, DeliveryRefused),
        (429, None, RateLimited),
        (400, 130429, RateLimited),
        (400, 131056, RateLimited),
        (400, 80007, RateLimited),
        (500, 131000, ChannelUnavailable),
        (503, None, ChannelUnavailable),
        (400, 131016, ChannelUnavailable),
        (302, None, ChannelUnavailable),
    ],
)
def test_a_refusal_is_transient_or_permanent_by_its_code(
    graph: GraphApi, status: int, code: int | None, expected: type[Exception], channel_to: To
) -> None:
    graph.answer = refused(status, code)
    with pytest.raises(expected) as caught:
        channel_to(graph.url).send(MESSAGE, timeout=15)
    assert type(caught.value) is expected
    assert str(status) in str(caught.value)
    assert TOKEN not in str(caught.value)
    assert "56987654321" not in str(caught.value), "Meta's text may name the recipient"


def test_the_wait_that_meta_asks_for_travels_with_the_error(
    graph: GraphApi, channel_to: To
) -> None:
    graph.answer = refused(429, 130429, **{"Retry-After": "120"})
    with pytest.raises(RateLimited) as caught:
        channel_to(graph.url).send(MESSAGE, timeout=15)
    assert caught.value.retry_after == 120


def test_a_refused_connection_means_that_nothing_was_sent(channel_to: To) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(ChannelUnavailable):
        channel_to(f"http://127.0.0.1:{port}").send(MESSAGE, timeout=15)


def test_no_answer_in_time_leaves_the_message_in_doubt(graph: GraphApi, channel_to: To) -> None:
    graph.answer = graph.hang
    started = time.monotonic()
    with pytest.raises(DeliveryUnknown, match="ReadTimeout"):
        channel_to(graph.url).send(MESSAGE, timeout=1.5)
    assert time.monotonic() - started < 3
    assert len(graph.requests) == 1


def test_a_connection_cut_after_the_request_leaves_the_message_in_doubt(
    graph: GraphApi, channel_to: To
) -> None:
    graph.answer = lambda body: None
    with pytest.raises(DeliveryUnknown):
        channel_to(graph.url).send(MESSAGE, timeout=15)
    assert len(graph.requests) == 1


@pytest.mark.parametrize("content", [b"<html>", b"{}", b'{"messages": []}', b"[]"])
def test_a_success_that_names_no_message_leaves_it_in_doubt(
    graph: GraphApi, content: bytes, channel_to: To
) -> None:
    graph.answer = lambda body: (200, {}, content)
    with pytest.raises(DeliveryUnknown):
        channel_to(graph.url).send(MESSAGE, timeout=15)


@pytest.mark.parametrize(
    ("phone", "address"),
    [
        ("+56987654321", "56987654321"),
        (None, None),
        ("", None),
        ("987654321", None),
        ("+569 8765 4321", None),
        ("+56987654321\n", None),
    ],
)
def test_only_an_e164_number_is_an_address(
    phone: str | None, address: str | None, channel_to: To
) -> None:
    user = User(email="ana@pyme.example", full_name="Ana", phone=phone)
    assert channel_to("http://graph.example").address_of(user) == address
