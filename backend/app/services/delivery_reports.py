"""What a provider says later of a message: it was sent, delivered, read, or has failed.

Reports come late, twice and in any order; the furthest one counts. They also settle what an
answer that got lost had left in doubt.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, case, func, or_, update
from sqlalchemy.orm import Session

from app.infrastructure.db.models import NotificationDelivery, ScheduledNotification
from app.services.deliveries import outcomes_of

RANKS = {"sent": 1, "failed": 2, "delivered": 3, "read": 4}
_LONGEST = 256


@dataclass(frozen=True)
class Report:
    """One status of one message. `delivery_id` is None where the provider did not give it back."""

    delivery_id: UUID | None
    provider_id: str
    status: str
    at: datetime
    error_code: int | None


def read_whatsapp_reports(payload: Any) -> list[Report]:
    """Returns the statuses in the body of a webhook of Meta's; anything else in it is left out."""
    found = [report for status in _statuses(payload) if (report := _report(status))]
    return sorted(found, key=lambda each: (str(each.delivery_id), each.provider_id))


def _statuses(payload: Any) -> Iterator[Any]:
    for entry in _list(payload, "entry"):
        for change in _list(entry, "changes"):
            yield from _list(change.get("value") if isinstance(change, dict) else None, "statuses")


def _list(holder: Any, name: str) -> list[Any]:
    found = holder.get(name) if isinstance(holder, dict) else None
    return found if isinstance(found, list) else []


def _report(status: Any) -> Report | None:
    try:
        provider_id, kind = status["id"], status["status"]
        if kind not in RANKS or not 0 < len(provider_id) <= _LONGEST or "\x00" in provider_id:
            return None
        errors = _list(status, "errors")
        return Report(
            _uuid(status.get("biz_opaque_callback_data")),
            provider_id,
            kind,
            datetime.fromtimestamp(int(status["timestamp"]), UTC),
            int(errors[0]["code"]) if errors else None,
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, OSError):
        return None


def _uuid(text: Any) -> UUID | None:
    try:
        return UUID(text)
    except (TypeError, ValueError, AttributeError):
        return None


def apply_reports(session: Session, reports: Collection[Report], now: datetime) -> int:
    """Stores what is news, and how the notifications stand by it; returns how much was news."""
    changed = [each for report in reports if (each := _apply(session, report)) is not None]
    settle_again(session, changed, now)
    return len(changed)


def _apply(session: Session, report: Report) -> UUID | None:
    row = NotificationDelivery
    failed = report.status == "failed"
    values: dict[str, Any] = {
        "provider_id": report.provider_id,
        "provider_status": report.status,
        "status": "failed" if failed else "sent",
        "sent_at": func.coalesce(row.sent_at, report.at),
        "next_try_at": None,
        "error_code": "delivery_refused" if failed else None,
        "error_message": f"WhatsApp could not deliver it (code {report.error_code})."
        if failed
        else None,
    }
    rank = case(RANKS, value=row.provider_status, else_=0)
    return session.scalar(
        update(row)
        .where(
            row.channel == "whatsapp",
            or_(
                row.provider_id == report.provider_id,
                # not a message that an operator has replaced by another
                and_(row.id == report.delivery_id, row.provider_id.is_(None)),
            ),
            rank < RANKS[report.status],
        )
        .values(values)
        .returning(row.notification_id)
    )


def settle_again(session: Session, notification_ids: Collection[UUID], now: datetime) -> None:
    """Brings the notifications that have ended in line with their deliveries."""
    row = ScheduledNotification
    for notification_id, (status, _) in outcomes_of(session, set(notification_ids), now).items():
        if status != "pending":
            session.execute(
                update(row)
                .where(row.id == notification_id, row.status.in_(("sent", "partial", "failed")))
                .values(status=status)
            )
