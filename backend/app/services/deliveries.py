"""One message to one person by one channel: claimed in the database before it is sent.

The claim is what keeps a message from going out twice. A crash between the claim and the record
of the outcome leaves `sending`; nobody can tell whether that message left, so it becomes
`unknown` and is never sent again (docs/decisions).
"""

import logging
import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, sessionmaker

from app.errors import DeliveryUnknown, FiscalError, TransientError
from app.infrastructure.db.models import Membership, NotificationDelivery, User
from app.services.messages import Channel, Message, Text

MAX_ATTEMPTS = 3
WAITS = (60, 300)  # s before the second and the third attempt

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Target:
    """A person, and one way to reach them."""

    user_id: UUID
    channel: Channel
    address: str


def targets_of(
    session: Session, company_id: UUID, channels: Iterable[Channel], *, has_approved_template: bool
) -> list[Target]:
    """Returns every way in which the members of a company can be told."""
    members = session.scalars(
        select(User)
        .join(Membership, Membership.user_id == User.id)
        .where(Membership.company_id == company_id)
        .order_by(User.id)
    ).all()
    return [
        Target(user.id, channel, address)
        for user in members
        for channel in channels
        if has_approved_template or not channel.approved_templates_only
        if (address := channel.address_of(user))
    ]


def give_up_interrupted(session: Session, notification_id: UUID) -> None:
    """Marks what a dead worker was sending as `unknown`. The caller holds the notification."""
    session.execute(
        update(NotificationDelivery)
        .where(
            NotificationDelivery.notification_id == notification_id,
            NotificationDelivery.status == "sending",
        )
        .values(status="unknown", error_code="delivery_unknown", error_message="The worker died.")
    )


def deliver(
    sessions: sessionmaker[Session],
    notification_id: UUID,
    target: Target,
    text: Text,
    *,
    due: datetime,
    now: Callable[[], datetime],
    timeout: float,
    about: Mapping[str, object],
) -> None:
    """Sends the text to the target, unless that was done, tried in vain, or is not due by `due`.

    `about` goes into the log with a failure: this runs in a thread that knows of no run.
    """
    with sessions.begin() as session:
        claimed = _claim(session, notification_id, target, due)
    if claimed is None:
        return
    delivery_id, attempt = claimed
    message = Message(delivery_id, target.address, text)
    outcome = _send(target.channel, message, attempt=attempt, now=now, timeout=timeout)
    if outcome["status"] != "sent":
        words = (delivery_id, target.channel.name, outcome["status"], outcome["error_message"])
        log.warning("delivery %s by %s is %s: %s", *words, extra=about)
    with sessions.begin() as session:
        session.execute(
            update(NotificationDelivery)
            .where(NotificationDelivery.id == delivery_id, NotificationDelivery.attempts == attempt)
            .values(outcome)
        )


def _claim(
    session: Session, notification_id: UUID, target: Target, due: datetime
) -> tuple[UUID, int] | None:
    """Returns the delivery's id and the number of this attempt, None where it is not ours."""
    statement = insert(NotificationDelivery).values(
        id=uuid4(),
        notification_id=notification_id,
        user_id=target.user_id,
        channel=target.channel.name,
        status="sending",
        attempts=1,
    )
    retry = statement.on_conflict_do_update(
        constraint="uq_notification_deliveries_once",
        set_={
            "status": "sending",
            "attempts": NotificationDelivery.attempts + 1,
            "next_try_at": None,
        },
        where=(NotificationDelivery.status == "failed") & (NotificationDelivery.next_try_at <= due),
    )
    row = session.execute(
        retry.returning(NotificationDelivery.id, NotificationDelivery.attempts)
    ).one_or_none()
    return (row.id, row.attempts) if row else None


def _send(
    channel: Channel,
    message: Message,
    *,
    attempt: int,
    now: Callable[[], datetime],
    timeout: float,
) -> dict[str, Any]:
    """Returns what to record with the delivery."""
    try:
        provider_id = channel.send(message, timeout=timeout)
    except DeliveryUnknown as error:
        return _failure("unknown", error.code, error.message)
    except FiscalError as error:
        failure = _failure("failed", error.code, error.message)
        return failure | {"next_try_at": _next_try(error, attempt, now())}
    except Exception as error:  # a defect of one channel must not stop the others
        log.exception("the channel %s has a defect", channel.name)
        return _failure("unknown", "delivery_unknown", type(error).__name__)
    return {
        "status": "sent",
        "provider_id": provider_id,
        "sent_at": now(),
        "error_code": None,
        "error_message": None,
    }


def _failure(status: str, code: str, reason: str) -> dict[str, Any]:
    return {"status": status, "error_code": code, "error_message": reason}


def _next_try(error: FiscalError, attempt: int, now: datetime) -> datetime | None:
    if not isinstance(error, TransientError) or attempt >= MAX_ATTEMPTS:
        return None
    wait = WAITS[attempt - 1] * random.uniform(1, 1.25)  # jitter: a whole batch fails at once
    return now + timedelta(seconds=max(wait, error.retry_after or 0))


def outcome_of(
    session: Session, notification_id: UUID, due: datetime
) -> tuple[str, datetime | None]:
    """Returns the notification's status, and when to try again where it is `pending`.

    `sent`: every message left. `failed`: none did. `partial`: some did, or may have (`unknown`).
    `skipped`: there was nobody to tell. A retry that was due by `due` and was not taken has lost
    its recipient or its channel, and counts as failed.
    """
    row = NotificationDelivery
    made = session.execute(
        select(row.status, row.next_try_at).where(row.notification_id == notification_id)
    ).all()
    retries = [each.next_try_at for each in made if each.next_try_at and each.next_try_at > due]
    if retries:
        return "pending", min(retries)
    simple = {frozenset(): "skipped", frozenset({"sent"}): "sent", frozenset({"failed"}): "failed"}
    return simple.get(frozenset(each.status for each in made), "partial"), None
