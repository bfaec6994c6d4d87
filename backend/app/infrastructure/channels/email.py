"""E-mail by SMTP. Until the message's text is on the wire nothing was sent; after it, only the
server's answer tells."""

import re
import smtplib
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from email.errors import MessageError
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from urllib.parse import parse_qs, unquote, urlsplit

from app.errors import ChannelUnavailable, ConfigurationError, DeliveryRefused, DeliveryUnknown
from app.infrastructure.db.models import User
from app.services.messages import Message

STEP_TIMEOUT = 10.0  # s for one answer of the server
_POLICY = SMTP.clone(cte_type="7bit")  # any server takes it
_ADDRESS = re.compile(r"[^@\s<>]+@[^@\s<>]+")


class EmailChannel:
    """Sends plain text from one address through one server, a connection per message."""

    name = "email"
    approved_templates_only = False

    def __init__(self, smtp_url: str, mail_from: str, per_second: float | None = None) -> None:
        """`smtp_url`: smtp[s]://[user:password@]host[:port][?starttls=1], percent-encoded.

        Raises ConfigurationError where it is malformed; the message does not repeat it.
        """
        self.per_second = per_second
        try:
            url = urlsplit(smtp_url)
            self._port = url.port or (465 if url.scheme == "smtps" else 25)
        except ValueError as error:
            raise _malformed() from error
        if url.scheme not in ("smtp", "smtps") or not url.hostname:
            raise _malformed()
        self._host = url.hostname
        self._tls_from_start = url.scheme == "smtps"
        self._starttls = parse_qs(url.query).get("starttls") == ["1"]
        self._login = (unquote(url.username), unquote(url.password or "")) if url.username else None
        self._from = mail_from
        self._sender = parseaddr(mail_from)[1]
        self._domain = self._sender.rpartition("@")[2]

    def address_of(self, user: User) -> str | None:
        """Returns the user's e-mail address, None where it is none."""
        return user.email if _ADDRESS.fullmatch(user.email) else None

    def send(self, message: Message, *, timeout: float) -> str:
        """Returns the Message-ID, the same for every attempt. Raises as Channel says."""
        message_id = f"<{message.delivery_id}@{self._domain}>"
        content = self._content(message, message_id)
        deadline = time.monotonic() + timeout
        with _nothing_sent():
            client = self._connect(deadline)
        try:
            with _nothing_sent():
                self._introduce(client, deadline)
                self._address(client, message.address, deadline)
            _hand_over(client, content, deadline)
        finally:
            _take_leave(client)
        return message_id

    def _connect(self, deadline: float) -> smtplib.SMTP:
        # Without a name of its own smtplib asks the DNS for one, which may take seconds.
        wait = min(STEP_TIMEOUT / 2, _left(deadline))
        if self._tls_from_start:
            return smtplib.SMTP_SSL(
                self._host,
                self._port,
                local_hostname=self._domain,
                timeout=wait,
                context=ssl.create_default_context(),
            )
        return smtplib.SMTP(self._host, self._port, local_hostname=self._domain, timeout=wait)

    def _introduce(self, client: smtplib.SMTP, deadline: float) -> None:
        _wait(client, deadline)
        client.ehlo_or_helo_if_needed()
        if self._starttls:
            _wait(client, deadline)
            client.starttls(context=ssl.create_default_context())
        if self._login:
            _wait(client, deadline)
            client.login(*self._login)

    def _address(self, client: smtplib.SMTP, recipient: str, deadline: float) -> None:
        _wait(client, deadline)
        _check(client.mail(self._sender)[0])
        _wait(client, deadline)
        _check(client.rcpt(recipient)[0])
        _wait(client, deadline)
        _check(client.docmd("DATA")[0])

    def _content(self, message: Message, message_id: str) -> bytes:
        try:
            mail = EmailMessage(policy=_POLICY)
            mail["Subject"] = message.text.subject
            mail["From"] = self._from
            mail["To"] = message.address
            mail["Date"] = format_datetime(datetime.now(UTC))
            mail["Message-ID"] = message_id
            mail.set_content(message.text.body, charset="utf-8")
            text = mail.as_bytes()
        except (MessageError, ValueError, LookupError) as error:
            raise DeliveryRefused("The message cannot be written as an e-mail.") from error
        return re.sub(rb"(?m)^\.", b"..", text)  # RFC 5321, section 4.5.2


def _hand_over(client: smtplib.SMTP, content: bytes, deadline: float) -> None:
    try:
        _wait(client, deadline)
        client.send(content + b".\r\n")
        code, _ = client.getreply()
    except (OSError, smtplib.SMTPException) as error:
        raise DeliveryUnknown(
            f"The mail server did not confirm the message ({type(error).__name__})."
        ) from error
    _check(code)


def _take_leave(client: smtplib.SMTP) -> None:
    # The answer to QUIT changes nothing any more and is not waited for.
    with suppress(OSError, smtplib.SMTPException):
        client.putcmd("QUIT")
    client.close()


def _check(code: int) -> None:
    if code >= 500:
        raise DeliveryRefused(f"The mail server refused the message (SMTP {code}).")
    if code >= 400:
        raise ChannelUnavailable(f"The mail server cannot take the message now (SMTP {code}).")


@contextmanager
def _nothing_sent() -> Iterator[None]:
    try:
        yield
    except smtplib.SMTPResponseException as error:
        _check(error.smtp_code)
        raise ChannelUnavailable(f"The mail server answered SMTP {error.smtp_code}.") from error
    except UnicodeError as error:
        raise DeliveryRefused("The mail server takes ASCII addresses only.") from error
    except (OSError, smtplib.SMTPException) as error:
        kind = type(error).__name__  # its text may hold the address
        raise ChannelUnavailable(f"The mail server cannot be used ({kind}).") from error


def _wait(client: smtplib.SMTP, deadline: float) -> None:
    if client.sock is not None:
        client.sock.settimeout(min(STEP_TIMEOUT, _left(deadline)))


def _left(deadline: float) -> float:
    return max(0.1, deadline - time.monotonic())  # 0 would mean "do not block"


def _malformed() -> ConfigurationError:
    return ConfigurationError(
        "SMTP_URL is malformed; write smtp://user:password@mail.example:587?starttls=1."
    )
