"""What a company has to declare and pay, and when."""

from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ForeignKey, Index, SmallInteger, String, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.infrastructure.db.models.base import Base


class CompanyTaxInfo(Base):
    """The facts that decide what a company has to declare; unknown ones are null."""

    __tablename__ = "company_tax_info"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    company_id: Mapped[UUID] = mapped_column(ForeignKey("companies.id"), unique=True)
    regime: Mapped[str | None]
    activity_code: Mapped[str | None]
    activity_name: Mapped[str | None]
    started_on: Mapped[date | None]  # inicio de actividades
    f29_due_day: Mapped[int] = mapped_column(SmallInteger, server_default="12")  # 12 or 20
    has_employees: Mapped[bool | None]
    pays_fees: Mapped[bool | None]  # honorarios
    pays_additional_tax: Mapped[bool | None]  # impuesto adicional: F50
    owns_real_estate: Mapped[bool | None]
    raw: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    # what the portal's home page said of the taxpayer (DatosCntrNow), without cookies or claves
    read_at: Mapped[datetime | None]  # null while nothing was read from the portal


class EventTemplate(Base):
    """One obligation, e.g. `f29`. Seeded from app/domain/obligations.py by `fiscal migrate`."""

    __tablename__ = "event_templates"

    code: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str]
    category: Mapped[str] = mapped_column(String(16))  # tax, affidavit, labour, municipal
    authority: Mapped[str]
    is_mandatory: Mapped[bool]
    display_days_before: Mapped[int] = mapped_column(SmallInteger)


class CompanyEvent(Base):
    """An obligation that a company follows, or that its user has switched off."""

    __tablename__ = "company_events"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    company_id: Mapped[UUID] = mapped_column(ForeignKey("companies.id"))
    template_code: Mapped[str] = mapped_column(ForeignKey("event_templates.code"))
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))

    __table_args__ = (
        UniqueConstraint("company_id", "template_code", name="uq_company_events_template"),
    )


class CalendarEvent(Base):
    """One due date of one period. Dates are days in Chile."""

    __tablename__ = "calendar_events"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    company_event_id: Mapped[UUID] = mapped_column(ForeignKey("company_events.id"))
    company_id: Mapped[UUID] = mapped_column(ForeignKey("companies.id"))
    template_code: Mapped[str] = mapped_column(ForeignKey("event_templates.code"))
    period_start: Mapped[date]
    period_end: Mapped[date]
    installment: Mapped[int] = mapped_column(SmallInteger, server_default="1")
    nominal_due_date: Mapped[date]  # as the law names it
    due_date: Mapped[date]  # moved to a business day where the law moves it
    status: Mapped[str] = mapped_column(String(12), server_default="pending")
    # pending, in_progress (the next one), overdue, completed, cancelled
    withdrawn: Mapped[bool] = mapped_column(server_default=text("false"))
    # cancelled because the obligation was switched off or does not apply; it may come back
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        UniqueConstraint(
            "company_event_id",
            "period_start",
            "installment",
            name="uq_calendar_events_installment",
        ),
        Index("ix_calendar_events_company_due", "company_id", "due_date"),
        Index(
            "ix_calendar_events_open_due",
            "due_date",
            postgresql_where=text("status NOT IN ('completed', 'cancelled')"),
        ),
    )


class EventHistory(Base):
    """What happened to a calendar event: its due date moved, its status changed."""

    __tablename__ = "event_history"

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[UUID] = mapped_column(ForeignKey("calendar_events.id", ondelete="CASCADE"))
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    change: Mapped[dict[str, Any]] = mapped_column(JSONB)
    # {"due_date": ["2026-12-14", "2026-12-15"], "why": "extra holiday"}

    __table_args__ = (Index("ix_event_history_event_id", "event_id"),)


class CalendarFeed(Base):
    """The link by which a phone subscribes to a company's calendar; one at a time."""

    __tablename__ = "calendar_feeds"

    company_id: Mapped[UUID] = mapped_column(ForeignKey("companies.id"), primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64))  # sha256; the token itself is not kept
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ExtraHoliday(Base):
    """A day that an operator calls a holiday: elections, regional days, ad-hoc laws."""

    __tablename__ = "extra_holidays"

    day: Mapped[date] = mapped_column(primary_key=True)
    name: Mapped[str]
