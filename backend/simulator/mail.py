"""The mail sink: an SMTP server that keeps what it is given and delivers nothing."""

import asyncio
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from simulator.sink import Message, Sink

# Recipients whose local part starts so are refused: for good, and for now.
UNDELIVERABLE, BUSY = "undeliverable", "busy"


class MailSink:
    """What aiosmtpd asks about each message; the method names are its own."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    async def handle_RCPT(
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[Any],
    ) -> str:
        """Refuse the two magic kinds of recipient, accept any other."""
        if address.startswith(UNDELIVERABLE):
            return "550 5.1.1 The mailbox does not exist"
        if address.startswith(BUSY):
            return "451 4.7.1 Try again later"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        """Keep one message for each recipient; without From or Message-ID there is none."""
        mail = message_from_bytes(envelope.original_content or b"", policy=policy.default)
        if not mail["From"] or not mail["Message-ID"]:
            return "554 5.6.0 From and Message-ID are required"
        for recipient in envelope.rcpt_tos:
            self._sink.keep(_kept(mail, recipient))
        return "250 2.0.0 OK: queued"


def _kept(mail: EmailMessage, recipient: str) -> Message:
    body = mail.get_body(("plain", "html"))
    return Message(
        channel="email",
        to=recipient,
        message_id=str(mail["Message-ID"]),
        subject=str(mail["Subject"] or ""),
        body=body.get_content() if body else "",
    )


async def start_mail_sink(sink: Sink, host: str, port: int) -> asyncio.Server:
    """Listen for SMTP in the running loop; port 0 takes any free one."""
    loop = asyncio.get_running_loop()
    return await loop.create_server(
        lambda: SMTP(MailSink(sink), hostname="simulator", enable_SMTPUTF8=True, loop=loop),
        host,
        port,
    )
