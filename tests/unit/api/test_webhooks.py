"""Meta's reports: signed, and the same whatever their order and however often they come."""

import hashlib
import hmac
import itertools
import json
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy.orm import Session

from app.infrastructure.db.models import NotificationDelivery, ScheduledNotification
from app.settings import get_settings
from tests.unit.api.conftest import new_company, refused
from tests.unit.api.test_notifications import ANA, deliveries

SECRET, VERIFY = "the-app-secret", "the-verify-token"
PATH = "/webhooks/whatsapp"


@pytest.fixture
def meta(url: str, monkeypatch: pytest.MonkeyPatch) -> Iterable[httpx.Client]:
    """A client without an API key."""
    monkeypatch.setenv("WHATSAPP_APP_SECRET", SECRET)
    monkeypatch.setenv("WHATSAPP_VERIFY_TOKEN", VERIFY)
    get_settings.cache_clear()
    with httpx.Client(base_url=url, timeout=10) as client:
        yield client


@pytest.fixture
def doubt(api: httpx.Client, session: Session) -> UUID:
    """A delivery of which nobody knows whether it arrived."""
    company = new_company(api)
    user = api.post("/v1/users", json=ANA).json()["id"]
    (made,) = deliveries(session, company, user, 1)
    return made


def report(delivery: UUID, *statuses: str) -> bytes:
    return json.dumps(
        {
            "object": "whatsapp_business_account",
            "entry": [{"changes": [{"field": "messages", "value": {"statuses": [
                {
                    "id": "wamid.1", "status": each, "timestamp": "1793700000",
                    "biz_opaque_callback_data": str(delivery),
                    **({"errors": [{"code": 131026}]} if each == "failed" else {}),
                }
                for each in statuses
            ]}}]}],
        }
    ).encode()  # fmt: skip


def send(meta: httpx.Client, body: bytes, secret: str = SECRET) -> httpx.Response:
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return meta.post(PATH, content=body, headers={"X-Hub-Signature-256": f"sha256={digest}"})


def state(session: Session, delivery: UUID) -> tuple[Any, ...]:
    session.expire_all()
    row = session.get_one(NotificationDelivery, delivery)
    notification = session.get_one(ScheduledNotification, row.notification_id)
    return row.status, row.provider_status, row.provider_id, notification.status


def test_meta_introduces_itself(meta: httpx.Client) -> None:
    asked = {"hub.mode": "subscribe", "hub.verify_token": VERIFY, "hub.challenge": "1158201444"}
    answer = meta.get(PATH, params=asked)
    assert (answer.status_code, answer.text) == (200, "1158201444")
    refused(meta.get(PATH, params=asked | {"hub.verify_token": "x"}), 401, "unauthenticated")


def test_a_report_ends_a_doubt(meta: httpx.Client, session: Session, doubt: UUID) -> None:
    assert send(meta, report(doubt, "sent")).json() == {"updated": 1}
    assert state(session, doubt) == ("sent", "sent", "wamid.1", "sent")
    assert send(meta, report(doubt, "sent")).json() == {"updated": 0}


@pytest.mark.parametrize("order", [*itertools.permutations(["sent", "delivered", "read"])])
def test_the_order_of_reports_does_not_matter(
    meta: httpx.Client, session: Session, doubt: UUID, order: tuple[str, ...]
) -> None:
    for each in (*order, *order):
        send(meta, report(doubt, each)).raise_for_status()
    assert state(session, doubt) == ("sent", "read", "wamid.1", "sent")


@pytest.mark.parametrize("order", [("sent", "failed"), ("failed", "sent")])
def test_what_the_provider_could_not_deliver_has_failed(
    meta: httpx.Client, session: Session, doubt: UUID, order: tuple[str, ...]
) -> None:
    send(meta, report(doubt, *order)).raise_for_status()
    assert state(session, doubt) == ("failed", "failed", "wamid.1", "failed")


def test_nobody_else_is_heard(meta: httpx.Client, session: Session, doubt: UUID) -> None:
    body = report(doubt, "read")
    refused(send(meta, body, secret="another"), 401, "unauthenticated")
    refused(meta.post(PATH, content=body), 422, "invalid_input", "X-Hub-Signature-256")
    refused(send(meta, b"x" * 70_000), 413, "body_too_large")
    assert state(session, doubt)[0] == "unknown"


def test_without_a_secret_nobody_is_heard(
    meta: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WHATSAPP_APP_SECRET")
    get_settings.cache_clear()
    refused(send(meta, b"{}", secret=""), 401, "unauthenticated")


@pytest.mark.parametrize(
    "body",
    [
        b"{}", b"[]", b"1", b'{"entry": 3}', b'{"entry": [1, {"changes": {"a": 1}}]}',
        b'{"entry": [{"changes": [{"value": {"statuses": [1, {}, {"id": 1, "status": "read"},'
        b' {"id": "\\u0000", "status": "read", "timestamp": "1"},'
        b' {"id": "a", "status": "read", "timestamp": "99999999999999999999"},'
        b' {"id": "a", "status": "read", "timestamp": "1"}]}}]}]}',
    ],
)  # fmt: skip
def test_what_is_no_report_changes_nothing(meta: httpx.Client, body: bytes) -> None:
    assert send(meta, body).json() == {"updated": 0}
    refused(send(meta, b"{"), 422, "invalid_input", "body")
