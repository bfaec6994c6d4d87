"""What the e-mail channel says to a mail server, and what it makes of the answers."""

import email
import email.policy
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from uuid import uuid4

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from app.errors import ChannelUnavailable, ConfigurationError, DeliveryRefused, DeliveryUnknown
from app.infrastructure.channels.email import EmailChannel
from app.infrastructure.db.models import User
from app.services.messages import Message, Text

SENDER = "Avisos Fiscal <avisos@fiscal.example>"
TEXT = Text("F29 de octubre: año 2026", "Señora Ñuñez:\n.\n.. vence el 12.\n", None, ())


def message_to(address: str = "ana@pyme.example", text: Text = TEXT) -> Message:
    return Message(uuid4(), address, text)


class Sink:
    """Keeps every mail; refuses what the test says, with the code that the test says."""

    def __init__(self) -> None:
        self.mails: list[tuple[Envelope, EmailMessage]] = []
        self.rcpt_answer = "250 OK"
        self.data_answer = "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.rcpt_answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.rcpt_answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append((envelope, mail))
        return self.data_answer


class FreePort(Controller):
    """Listens where the system says; Controller itself asks port 0 whether it is up."""

    def _trigger_server(self) -> None:
        assert self.server is not None
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def mail_server(sink: Sink, **options: object) -> Iterator[int]:
    server = FreePort(sink, hostname="127.0.0.1", port=0, **options)
    server.start()
    try:
        yield server.port
    finally:
        server.stop()


@pytest.fixture
def sink() -> Sink:
    return Sink()


@pytest.fixture
def channel(sink: Sink) -> Iterator[EmailChannel]:
    with mail_server(sink) as port:
        yield EmailChannel(f"smtp://127.0.0.1:{port}", SENDER)


def test_a_mail_arrives_with_its_accents_dots_and_headers(
    sink: Sink, channel: EmailChannel
) -> None:
    message = message_to()
    message_id = channel.send(message, timeout=15)
    ((envelope, mail),) = sink.mails
    assert envelope.mail_from == "avisos@fiscal.example"
    assert envelope.rcpt_tos == ["ana@pyme.example"]
    assert mail["Subject"] == TEXT.subject
    assert mail["From"] == SENDER
    assert mail["To"] == "ana@pyme.example"
    assert mail["Message-ID"] == message_id == f"<{message.delivery_id}@fiscal.example>"
    assert datetime.now(UTC) - parsedate_to_datetime(mail["Date"]) < timedelta(minutes=1)
    assert mail.get_content().replace("\r\n", "\n") == TEXT.body
    assert isinstance(envelope.content, bytes)
    assert envelope.content.isascii()


def test_every_attempt_carries_the_same_message_id(sink: Sink, channel: EmailChannel) -> None:
    message = message_to()
    assert channel.send(message, timeout=15) == channel.send(message, timeout=15)
    assert len({mail["Message-ID"] for _, mail in sink.mails}) == 1


@pytest.mark.parametrize("step", ["rcpt_answer", "data_answer"])
@pytest.mark.parametrize(
    ("answer", "expected"),
    [("550 no such user", DeliveryRefused), ("451 try later", ChannelUnavailable)],
)
def test_the_servers_code_tells_refused_from_unavailable(
    sink: Sink, channel: EmailChannel, step: str, answer: str, expected: type[Exception]
) -> None:
    setattr(sink, step, answer)
    with pytest.raises(expected, match=answer[:3]) as caught:
        channel.send(message_to(), timeout=15)
    assert "ana@" not in str(caught.value)


@pytest.mark.parametrize("address", ["ñandú@pyme.example", "x@y\nBcc: z@w"])
def test_an_address_that_cannot_stand_in_a_mail_is_refused(
    sink: Sink, channel: EmailChannel, address: str
) -> None:
    with pytest.raises(DeliveryRefused):
        channel.send(message_to(address), timeout=15)
    assert sink.mails == []


@pytest.mark.parametrize(
    ("address", "expected"),
    [("ana@pyme.example", True), ("ana", False), ("", False), ("a@b\nBcc: c@d", False)],
)
def test_only_what_looks_like_an_address_is_one(address: str, expected: bool) -> None:
    user = User(email=address, full_name="Ana")
    assert (EmailChannel("smtp://mail.example", SENDER).address_of(user) is not None) is expected


@pytest.mark.filterwarnings("ignore:Requiring AUTH while")
def test_a_percent_encoded_login_is_used(sink: Sink) -> None:
    seen = []

    def authenticate(server: SMTP, session: Session, envelope: Envelope, how: str, data: object):  # type: ignore[no-untyped-def]
        seen.append((data.login, data.password))  # type: ignore[attr-defined]
        return AuthResult(success=True)

    with mail_server(
        sink, authenticator=authenticate, auth_require_tls=False, auth_required=True
    ) as port:
        EmailChannel(f"smtp://us%40er:p%3Aw%2F@127.0.0.1:{port}", SENDER).send(
            message_to(), timeout=15
        )
    assert seen == [(b"us@er", b"p:w/")]
    assert len(sink.mails) == 1


def test_a_server_without_starttls_is_not_used_in_the_clear(
    sink: Sink, channel: EmailChannel
) -> None:
    secure = EmailChannel(f"smtp://127.0.0.1:{channel._port}?starttls=1", SENDER)
    with pytest.raises(ChannelUnavailable):
        secure.send(message_to(), timeout=15)
    assert sink.mails == []


def test_a_refused_connection_means_that_nothing_was_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(ChannelUnavailable):
        EmailChannel(f"smtp://127.0.0.1:{port}", SENDER).send(message_to(), timeout=15)


@contextmanager
def broken_server(talk: Callable[[socket.socket], object]) -> Iterator[int]:
    """A server that takes one connection and does what the test says."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                talk(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        thread.join(10)
        assert not thread.is_alive()


def talk_until_the_text(connection: socket.socket) -> None:
    lines = connection.makefile("rb")
    connection.sendall(b"220 broken\r\n")
    for answer in (b"250 hello", b"250 ok", b"250 ok", b"354 go on"):
        lines.readline()
        connection.sendall(answer + b"\r\n")
    while lines.readline() != b".\r\n":
        pass


def test_a_server_that_never_greets_means_that_nothing_was_sent() -> None:
    done = threading.Event()
    with broken_server(lambda connection: done.wait(10)) as port:
        started = time.monotonic()
        with pytest.raises(ChannelUnavailable):
            EmailChannel(f"smtp://127.0.0.1:{port}", SENDER).send(message_to(), timeout=1)
        assert time.monotonic() - started < 3
        done.set()


def test_a_server_that_hangs_up_after_the_text_leaves_the_mail_in_doubt() -> None:
    with (
        broken_server(talk_until_the_text) as port,
        pytest.raises(DeliveryUnknown, match="SMTPServerDisconnected"),
    ):
        EmailChannel(f"smtp://127.0.0.1:{port}", SENDER).send(message_to(), timeout=15)


def test_a_server_that_falls_silent_after_the_text_leaves_the_mail_in_doubt() -> None:
    done = threading.Event()

    def fall_silent(connection: socket.socket) -> None:
        talk_until_the_text(connection)
        done.wait(10)

    with broken_server(fall_silent) as port:
        started = time.monotonic()
        with pytest.raises(DeliveryUnknown):
            EmailChannel(f"smtp://127.0.0.1:{port}", SENDER).send(message_to(), timeout=1)
        assert time.monotonic() - started < 3
        done.set()


@pytest.mark.parametrize("url", ["", "mail.pyme", "http://mail.pyme", "smtp://:25", "smtp://m:x"])
def test_a_malformed_url_is_one_sentence_that_does_not_repeat_it(url: str) -> None:
    with pytest.raises(ConfigurationError, match="SMTP_URL is malformed") as caught:
        EmailChannel(url, SENDER)
    assert not url or url not in str(caught.value)
