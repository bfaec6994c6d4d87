"""What people are told: templates, appointments, single messages."""

from datetime import datetime, time
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ForeignKey, Index, SmallInteger, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.infrastructure.db.models.base import Base


class NotificationTemplate(Base):
    """A text, and the approved WhatsApp template that carries it."""

    __tablename__ = "notification_templates"

    code: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str]  # Jinja2
    body: Mapped[str]  # Jinja2
    whatsapp_template: Mapped[str | None]
    whatsapp_parameters: Mapped[list[str]] = mapped_column(JSONB, server_default=text("'[]'"))
    event_code: Mapped[str | None] = mapped_column(ForeignKey("event_templates.code"))
    # the obligation that it reminds of; null where it is about something else
    days_before: Mapped[int | None] = mapped_column(
        SmallInteger
    )  # of the due date; may be negative
    send_at: Mapped[time] = mapped_column(server_default="09:00")  # in Chile
    method: Mapped[str | None] = mapped_column(String(32))
    # what gathers its context in notifications.process_template_notification: an allow-list
    auto_assign: Mapped[bool] = mapped_column(server_default=text("false"))  # to new companies
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))


class NotificationSubscription(Base):
    """Whether a company is told by a template."""

    __tablename__ = "notification_subscriptions"

    company_id: Mapped[UUID] = mapped_column(ForeignKey("companies.id"), primary_key=True)
    template_code: Mapped[str] = mapped_column(
        ForeignKey("notification_templates.code"), primary_key=True
    )
    enabled: Mapped[bool] = mapped_column(server_default=text("true"))
    channels: Mapped[list[str] | None] = mapped_column(JSONB)  # null: every one


class NotificationPreferences(Base):
    """When a person wants to be told about a company. Times of day are in the person's zone."""

    __tablename__ = "notification_preferences"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), primary_key=True)
    company_id: Mapped[UUID] = mapped_column(ForeignKey("companies.id"), primary_key=True)
    enabled: Mapped[bool] = mapped_column(server_default=text("true"))
    quiet_start: Mapped[time | None]  # 22:00 to 08:00 goes across midnight
    quiet_end: Mapped[time | None]
    muted_weekdays: Mapped[list[int]] = mapped_column(JSONB, server_default=text("'[]'"))
    # ISO: Monday is 1
    max_per_day: Mapped[int | None] = mapped_column(SmallInteger)
    min_interval_minutes: Mapped[int | None] = mapped_column(SmallInteger)


class ScheduledNotification(Base):
    """Something to tell the members of a company at a time."""

    __tablename__ = "scheduled_notifications"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    dedupe_key: Mapped[str] = mapped_column(unique=True)
    company_id: Mapped[UUID] = mapped_column(ForeignKey("companies.id"))
    template_code: Mapped[str] = mapped_column(ForeignKey("notification_templates.code"))
    context: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    scheduled_for: Mapped[datetime]
    status: Mapped[str] = mapped_column(String(10), default="pending", server_default="pending")
    # pending, processing, sent, partial, failed, skipped, cancelled
    entity_type: Mapped[str | None] = mapped_column(String(16))  # calendar_event
    entity_id: Mapped[UUID | None]
    claimed_by: Mapped[UUID | None]  # run id
    lease_until: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")  # claims
    error_code: Mapped[str | None]
    error_message: Mapped[str | None]

    __table_args__ = (
        Index(
            "ix_scheduled_notifications_due",
            "scheduled_for",
            postgresql_where=text("status IN ('pending', 'processing')"),
        ),
        Index("ix_scheduled_notifications_entity", "entity_type", "entity_id"),
    )


class NotificationDelivery(Base):
    """One message to one person by one channel, claimed before it is sent."""

    __tablename__ = "notification_deliveries"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    notification_id: Mapped[UUID] = mapped_column(ForeignKey("scheduled_notifications.id"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    channel: Mapped[str] = mapped_column(String(8))  # whatsapp, email
    status: Mapped[str] = mapped_column(String(8), default="sending")
    # sending, sent, failed, deferred (the person is not to be disturbed now),
    # unknown (handed over, no answer: never resent blindly)
    provider_id: Mapped[str | None] = mapped_column(index=True)
    provider_status: Mapped[str | None] = mapped_column(String(16))
    # what its webhook said last: sent, delivered, read, failed
    error_code: Mapped[str | None]
    error_message: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(SmallInteger, default=0)
    next_try_at: Mapped[datetime | None]
    begun_at: Mapped[datetime | None]  # its last attempt: what max_per_day and the interval count
    sent_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint(
            "notification_id", "user_id", "channel", name="uq_notification_deliveries_once"
        ),
        Index("ix_notification_deliveries_told", "user_id", "begun_at"),
        Index(
            "ix_notification_deliveries_unknown",
            "id",
            postgresql_where=text("status = 'unknown'"),
        ),
    )


class ChannelLimit(Base):
    """When a channel takes its next message: one pace, and one pause, for all workers."""

    __tablename__ = "channel_limits"

    channel: Mapped[str] = mapped_column(String(8), primary_key=True)
    free_at: Mapped[datetime]
