"""One message to one person by one channel: claimed in the database before it is sent.

The claim is what keeps a message from going out twice. A crash between the claim and the record
of the outcome leaves `sending`; nobody can tell whether that message left, so it becomes
`unknown` and is never sent again by itself (docs/decisions).
"""

import random
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from app.errors import DeliveryUnknown, FiscalError, TransientError
from app.infrastructure.db.models import NotificationDelivery
from app.services.messages import Text
from app.services.recipients import Target

MAX_ATTEMPTS = 3
WAITS = (60, 300)  # s before the second and the third attempt

# Arrays, because one statement for all costs what one for each would.
_CLAIM = text("""
    INSERT INTO notification_deliveries AS d
        (id, notification_id, user_id, channel, status, attempts, begun_at)
    SELECT id, notification_id, user_id, channel, 'sending', 1, :now
    FROM unnest(CAST(:ids AS uuid[]), CAST(:notifications AS uuid[]), CAST(:users AS uuid[]),
        CAST(:channels AS text[])) AS job (id, notification_id, user_id, channel)
    ON CONFLICT ON CONSTRAINT uq_notification_deliveries_once DO UPDATE
    SET status = 'sending', attempts = d.attempts + 1, next_try_at = NULL, begun_at = :now
    WHERE d.status IN ('failed', 'deferred') AND d.next_try_at <= :due
    RETURNING id, notification_id, user_id, channel, attempts
""")
_DEFER = text("""
    INSERT INTO notification_deliveries AS d
        (id, notification_id, user_id, channel, status, attempts, next_try_at, error_code)
    SELECT id, notification_id, user_id, channel, 'deferred', 0, next_try_at, code
    FROM unnest(CAST(:ids AS uuid[]), CAST(:notifications AS uuid[]), CAST(:users AS uuid[]),
        CAST(:channels AS text[]), CAST(:moments AS timestamptz[]), CAST(:codes AS text[]))
        AS job (id, notification_id, user_id, channel, next_try_at, code)
    ON CONFLICT ON CONSTRAINT uq_notification_deliveries_once DO UPDATE
    SET status = 'deferred', next_try_at = excluded.next_try_at, error_code = excluded.error_code
    WHERE d.status IN ('failed', 'deferred') AND d.next_try_at <= :due
""")
# A webhook may have been faster than the provider's own answer, or the answer than a crash.
_RECORD = text("""
    UPDATE notification_deliveries AS d
    SET status = o.status, provider_id = o.provider_id, error_code = o.error_code,
        error_message = o.error_message, next_try_at = o.next_try_at, sent_at = o.sent_at
    FROM unnest(CAST(:ids AS uuid[]), CAST(:attempts AS int[]), CAST(:statuses AS text[]),
        CAST(:provider_ids AS text[]), CAST(:codes AS text[]), CAST(:messages AS text[]),
        CAST(:retries AS timestamptz[]), CAST(:sent AS timestamptz[]))
        AS o (id, attempts, status, provider_id, error_code, error_message, next_try_at, sent_at)
    WHERE d.id = o.id AND d.attempts = o.attempts AND d.provider_status IS NULL
        AND d.status IN ('sending', 'unknown')
""")


@dataclass(frozen=True)
class Job:
    """A message that is to be sent."""

    notification_id: UUID
    target: Target
    text: Text

    @property
    def key(self) -> tuple[UUID, UUID, str]:
        """What there is one delivery of."""
        return self.notification_id, self.target.user_id, self.target.channel.name


@dataclass(frozen=True)
class Claimed:
    """A job that is ours: its delivery's id and the number of this attempt."""

    job: Job
    delivery_id: UUID
    attempt: int


@dataclass(frozen=True)
class Outcome:
    """How an attempt ended, as it is stored."""

    delivery_id: UUID
    attempt: int
    status: str
    provider_id: str | None = None
    sent_at: datetime | None = None
    error_code: str | None = None
    error_message: str | None = None
    next_try_at: datetime | None = None


def give_up_interrupted(session: Session, notification_ids: Collection[UUID]) -> None:
    """Marks what dead workers were sending as `unknown`. The caller holds the notifications."""
    session.execute(
        update(NotificationDelivery)
        .where(
            NotificationDelivery.notification_id.in_(notification_ids),
            NotificationDelivery.status == "sending",
        )
        .values(status="unknown", error_code="delivery_unknown", error_message="The worker died.")
    )


def claim(session: Session, jobs: Sequence[Job], due: datetime, now: datetime) -> list[Claimed]:
    """Claims what was not sent, tried in vain, or put off beyond `due`; returns those to send."""
    if not jobs:
        return []
    by_key = {job.key: job for job in jobs}
    found = session.execute(_CLAIM, _columns(jobs) | {"due": due, "now": now})
    return [
        Claimed(by_key[row.notification_id, row.user_id, row.channel], row.id, row.attempts)
        for row in found
    ]


def defer(
    session: Session, jobs: Mapping[Job, datetime], due: datetime, code: str | None = None
) -> None:
    """Puts jobs off until their moments. `code` says why, where it is not the person's wish."""
    if not jobs:
        return
    values = {"moments": list(jobs.values()), "codes": [code] * len(jobs), "due": due}
    session.execute(_DEFER, _columns(list(jobs)) | values)


def _columns(jobs: Sequence[Job]) -> dict[str, object]:
    return {
        "ids": [uuid4() for _ in jobs],
        "notifications": [job.notification_id for job in jobs],
        "users": [job.target.user_id for job in jobs],
        "channels": [job.target.channel.name for job in jobs],
    }


def record(session: Session, outcomes: Sequence[Outcome]) -> None:
    """Stores how attempts ended, unless a later one has begun or the provider's own word is in."""
    if not outcomes:
        return
    session.execute(
        _RECORD,
        {
            "ids": [each.delivery_id for each in outcomes],
            "attempts": [each.attempt for each in outcomes],
            "statuses": [each.status for each in outcomes],
            "provider_ids": [each.provider_id for each in outcomes],
            "codes": [each.error_code for each in outcomes],
            "messages": [each.error_message for each in outcomes],
            "retries": [each.next_try_at for each in outcomes],
            "sent": [each.sent_at for each in outcomes],
        },
    )


def failure(claimed: Claimed, error: FiscalError, now: datetime) -> Outcome:
    """Returns the outcome of an attempt that ended with an error."""
    in_doubt = isinstance(error, DeliveryUnknown)
    return Outcome(
        claimed.delivery_id,
        claimed.attempt,
        "unknown" if in_doubt else "failed",
        error_code=error.code,
        error_message=error.message,
        next_try_at=None if in_doubt else _next_try(error, claimed.attempt, now),
    )


def _next_try(error: FiscalError, attempt: int, now: datetime) -> datetime | None:
    if not isinstance(error, TransientError) or attempt >= MAX_ATTEMPTS:
        return None
    wait = WAITS[attempt - 1] * random.uniform(1, 1.25)  # jitter: a whole batch fails at once
    return now + timedelta(seconds=max(wait, error.retry_after or 0))


def outcomes_of(
    session: Session, notification_ids: Collection[UUID], due: datetime
) -> dict[UUID, tuple[str, datetime | None]]:
    """Returns each notification's status, and when to try again where it is `pending`.

    `sent`: every message left. `failed`: none did. `partial`: some did, or may have (`unknown`).
    `skipped`: there was nobody to tell. A retry that was due by `due` and was not taken has lost
    its recipient or its channel, and counts as failed.
    """
    row = NotificationDelivery
    made: dict[UUID, list[tuple[str, datetime | None]]] = {each: [] for each in notification_ids}
    for notification_id, status, next_try_at in session.execute(
        select(row.notification_id, row.status, row.next_try_at).where(
            row.notification_id.in_(notification_ids)
        )
    ):
        made[notification_id].append((status, next_try_at))
    return {each: _sum_up(found, due) for each, found in made.items()}


def _sum_up(
    made: Iterable[tuple[str, datetime | None]], due: datetime
) -> tuple[str, datetime | None]:
    made = list(made)
    retries = [next_try_at for _, next_try_at in made if next_try_at and next_try_at > due]
    if retries:
        return "pending", min(retries)
    simple = {frozenset(): "skipped", frozenset({"sent"}): "sent", frozenset({"failed"}): "failed"}
    statuses = frozenset("failed" if status == "deferred" else status for status, _ in made)
    return simple.get(statuses, "partial"), None
