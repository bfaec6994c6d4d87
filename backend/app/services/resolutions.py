"""Deliveries in doubt: an operator lists them and says what became of each."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.errors import InvalidInput, NotFound
from app.infrastructure.db.models import NotificationDelivery, ScheduledNotification
from app.services.cursors import cut_page, decode_cursor
from app.services.delivery_reports import settle_again

Resolution = Literal["sent", "failed", "resend"]


def count_unknown(session: Session) -> int:
    """Returns how many messages may or may not have arrived."""
    row = NotificationDelivery
    return session.scalar(select(func.count()).where(row.status == "unknown")) or 0


def list_deliveries(
    session: Session, *, status: str, limit: int, cursor: str | None = None
) -> tuple[Sequence[NotificationDelivery], str | None]:
    """Returns a page of deliveries by their id, and the cursor of the next. Raises InvalidInput."""
    row = NotificationDelivery
    query = select(row).where(row.status == status).order_by(row.id).limit(limit + 1)
    if cursor:
        query = query.where(row.id > decode_cursor(cursor, UUID)[0])
    found = session.scalars(query).all()
    return cut_page(found, limit, lambda one: (one.id,))


def resolve(
    session: Session, delivery_id: UUID, outcome: Resolution, now: datetime
) -> NotificationDelivery:
    """Ends the doubt about a delivery. `resend` risks that the person is told twice.

    Raises NotFound, InvalidInput where it is not `unknown` (any more).
    """
    delivery = session.get(NotificationDelivery, delivery_id, with_for_update=True)
    if delivery is None:
        raise NotFound(f"There is no delivery {delivery_id}.")
    if delivery.status != "unknown":
        raise InvalidInput(f"The delivery is {delivery.status}, so there is no doubt to end.")
    delivery.error_code = delivery.error_message = None
    if outcome == "resend":
        _send_again(session, delivery, now)
        return delivery
    delivery.status = outcome
    if outcome == "failed":
        delivery.error_code = "delivery_unknown"
        delivery.error_message = "An operator found that it had not arrived."
    session.flush()
    settle_again(session, [delivery.notification_id], now)
    return delivery


def _send_again(session: Session, delivery: NotificationDelivery, now: datetime) -> None:
    delivery.status, delivery.next_try_at = "failed", now
    delivery.provider_id = delivery.provider_status = None
    row = ScheduledNotification
    session.execute(
        update(row)
        .where(row.id == delivery.notification_id, row.status.not_in(("processing", "cancelled")))
        .values(status="pending", scheduled_for=now)
    )
