"""The mail sink."""

import smtplib
from email.message import EmailMessage

import pytest

from tests.unit.simulator.server import Admin


def mail(to: str) -> EmailMessage:
    message = EmailMessage()
    message["From"] = "avisos@fiscal.example"
    message["To"] = to
    message["Subject"] = "Vence su F29 mañana"
    message["Message-ID"] = "<delivery-1@fiscal.example>"
    message.set_content("Ñandú")
    return message


def send(admin: Admin, message: EmailMessage) -> dict:
    port = admin.get("health")["smtp_port"]
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
        return client.send_message(message)


def test_a_mail_is_kept_with_its_subject_and_its_id(admin: Admin) -> None:
    send(admin, mail("contadora@empresa.example"))
    (kept,) = admin.get("messages", channel="email")
    assert kept["to"] == "contadora@empresa.example"
    assert kept["subject"] == "Vence su F29 mañana"
    assert kept["message_id"] == "<delivery-1@fiscal.example>"
    assert kept["body"].strip() == "Ñandú"


@pytest.mark.parametrize(
    ("to", "code"), [("undeliverable@a.example", 550), ("busy@a.example", 451)]
)
def test_magic_recipients_are_refused(to: str, code: int, admin: Admin) -> None:
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        send(admin, mail(to))
    assert refused.value.recipients[to][0] == code
    assert admin.get("messages") == []


def test_a_mail_without_from_is_refused(admin: Admin) -> None:
    anonymous = b"Subject: x\r\n\r\nx"
    port = admin.get("health")["smtp_port"]
    with (
        smtplib.SMTP("127.0.0.1", port, timeout=10) as client,
        pytest.raises(smtplib.SMTPDataError, match="required"),
    ):
        client.sendmail("a@fiscal.example", ["b@fiscal.example"], anonymous)
