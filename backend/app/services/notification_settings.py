"""What people set: their preferences, a company's subscriptions, the texts of templates."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.errors import InvalidInput, NotFound
from app.infrastructure.db.models import (
    NotificationDelivery,
    NotificationPreferences,
    NotificationSubscription,
    NotificationTemplate,
    ScheduledNotification,
)
from app.services.companies import find_company
from app.services.cursors import cut_page, decode_cursor
from app.services.recipients import wishes_of
from app.services.template_checks import check_template
from app.services.users import find_member, find_user

CHANNELS = ("email", "whatsapp")


def find_preferences(session: Session, user_id: UUID, company_id: UUID) -> NotificationPreferences:
    """Returns a member's preferences, the defaults where they have none. Raises NotFound."""
    find_member(session, user_id, company_id)
    found = session.get(NotificationPreferences, (user_id, company_id))
    return found or NotificationPreferences(
        user_id=user_id, company_id=company_id, enabled=True, muted_weekdays=[]
    )


def set_preferences(
    session: Session, user_id: UUID, company_id: UUID, values: Mapping[str, Any]
) -> NotificationPreferences:
    """Replaces a member's preferences. Raises NotFound, InvalidInput, which names the field."""
    find_member(session, user_id, company_id)
    wanted = NotificationPreferences(**values)
    wishes = wishes_of(find_user(session, user_id), wanted)
    assert wishes is not None  # noqa: S101 (mypy)
    wishes.check()
    row = NotificationPreferences
    statement = (
        insert(row)
        .values(user_id=user_id, company_id=company_id, **values)
        .on_conflict_do_update(index_elements=[row.user_id, row.company_id], set_=dict(values))
        .returning(row)
    )
    return session.scalars(statement, execution_options={"populate_existing": True}).one()


def list_subscriptions(session: Session, company_id: UUID) -> Sequence[NotificationSubscription]:
    """Returns a company's subscriptions by template. Raises NotFound."""
    find_company(session, company_id)
    row = NotificationSubscription
    query = select(row).where(row.company_id == company_id).order_by(row.template_code)
    return session.scalars(query).all()


def set_subscription(
    session: Session,
    company_id: UUID,
    template_code: str,
    *,
    enabled: bool,
    channels: Sequence[str] | None,
) -> NotificationSubscription:
    """Says whether a company is told by a template, and by which channels (None: every one).

    Raises NotFound, InvalidInput.
    """
    find_company(session, company_id)
    find_template(session, template_code)
    if channels is not None and not (channels and set(channels) <= set(CHANNELS)):
        raise InvalidInput(
            f"Channels are {' and '.join(CHANNELS)}; leave them out for both.", "channels"
        )
    row = NotificationSubscription
    values = {"enabled": enabled, "channels": sorted(set(channels)) if channels else None}
    statement = (
        insert(row)
        .values(company_id=company_id, template_code=template_code, **values)
        .on_conflict_do_update(index_elements=[row.company_id, row.template_code], set_=values)
        .returning(row)
    )
    return session.scalars(statement, execution_options={"populate_existing": True}).one()


def find_template(session: Session, code: str) -> NotificationTemplate:
    """Returns the template. Raises NotFound."""
    template = session.get(NotificationTemplate, code)
    if template is None:
        raise NotFound(f"There is no notification template {code}.")
    return template


def list_templates(session: Session) -> Sequence[NotificationTemplate]:
    """Returns the templates by their code."""
    return session.scalars(select(NotificationTemplate).order_by(NotificationTemplate.code)).all()


def edit_template(session: Session, code: str, values: Mapping[str, Any]) -> NotificationTemplate:
    """Replaces a template's texts. Raises NotFound, InvalidInput, which names the field."""
    template = find_template(session, code)
    for name, value in values.items():
        setattr(template, name, value)
    check_template(template)
    session.flush()
    return template


def list_notifications(
    session: Session, company_id: UUID, *, limit: int, cursor: str | None = None
) -> tuple[Sequence[tuple[ScheduledNotification, Sequence[NotificationDelivery]]], str | None]:
    """Returns a page of a company's notifications with their deliveries, the latest first.

    Raises NotFound, InvalidInput.
    """
    find_company(session, company_id)
    row = ScheduledNotification
    query = select(row).where(row.company_id == company_id)
    if cursor:
        last = decode_cursor(cursor, datetime.fromisoformat, UUID)
        if last[0].tzinfo is None:
            raise InvalidInput("This cursor is not one that the API gave.", "cursor")
        query = query.where(tuple_(row.scheduled_for, row.id) < tuple_(*last))
    query = query.order_by(row.scheduled_for.desc(), row.id.desc()).limit(limit + 1)
    found = session.scalars(query).all()
    page, next_cursor = cut_page(found, limit, lambda one: (one.scheduled_for, one.id))
    made = NotificationDelivery
    deliveries: dict[UUID, list[NotificationDelivery]] = {each.id: [] for each in page}
    for delivery in session.scalars(
        select(made).where(made.notification_id.in_(deliveries)).order_by(made.channel, made.id)
    ):
        deliveries[delivery.notification_id].append(delivery)
    return [(each, deliveries[each.id]) for each in page], next_cursor
