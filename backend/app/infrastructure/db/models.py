"""The tables. Times are aware and in UTC, amounts are integer pesos, RUTs are canonical."""

from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    BigInteger,
    DateTime,
    ForeignKey,
    Index,
    MetaData,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    """Names every constraint, so that Alembic can drop what it made."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_name)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB,
        int: BigInteger,
    }


class Run(Base):
    """One execution of a task, from its request to its end. Celery's result store (ledger.py)."""

    __tablename__ = "runs"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    root_id: Mapped[UUID | None]  # the run that caused this one; its own id where none did
    task: Mapped[str | None] = mapped_column(index=True)
    queue: Mapped[str | None]
    worker: Mapped[str | None]  # node name, e.g. fast@3f2a
    company_id: Mapped[UUID | None] = mapped_column(index=True)
    kwargs: Mapped[dict[str, Any] | None]  # never a secret: ids and numbers only
    dedupe_key: Mapped[str | None]  # unique among the unfinished runs
    state: Mapped[str] = mapped_column(String(12), default="queued")
    # queued, running, retrying, succeeded, failed, revoked
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    progress: Mapped[dict[str, Any] | None]  # {"done": 3, "total": 8, "detail": "2026-10 sale"}
    result: Mapped[Any | None] = mapped_column(JSONB)
    error_code: Mapped[str | None]
    error_kind: Mapped[str | None] = mapped_column(String(9))  # transient or permanent
    error_message: Mapped[str | None]
    queued_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]

    __table_args__ = (
        Index(
            "uq_runs_dedupe_key_unfinished",
            "dedupe_key",
            unique=True,
            postgresql_where=text("finished_at IS NULL"),
        ),
        Index("ix_runs_queued_at", "queued_at"),
    )


class User(Base):
    """A person who is told about things."""

    __tablename__ = "users"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    email: Mapped[str] = mapped_column(unique=True)
    full_name: Mapped[str]
    phone: Mapped[str | None] = mapped_column(String(16))  # E.164


class Company(Base):
    """A taxpayer whose books we keep in step with SII."""

    __tablename__ = "companies"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    rut: Mapped[str] = mapped_column(String(12), unique=True)
    business_name: Mapped[str]
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    credential: Mapped["SiiCredential | None"] = relationship(
        back_populates="company", cascade="all, delete-orphan"
    )


class Membership(Base):
    """A user's place in a company."""

    __tablename__ = "memberships"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), primary_key=True)
    company_id: Mapped[UUID] = mapped_column(ForeignKey("companies.id"), primary_key=True)
    role: Mapped[str] = mapped_column(String(16), server_default="owner")


class SiiCredential(Base):
    """The login of a company at SII. `secret` is encrypted (MultiFernet)."""

    __tablename__ = "sii_credentials"

    company_id: Mapped[UUID] = mapped_column(ForeignKey("companies.id"), primary_key=True)
    login_rut: Mapped[str] = mapped_column(String(12))
    secret: Mapped[str]
    status: Mapped[str] = mapped_column(String(12), server_default="unproven")
    # unproven, ok, invalid, blocked
    blocked_until: Mapped[datetime | None]
    last_ok_at: Mapped[datetime | None]
    company: Mapped[Company] = relationship(back_populates="credential")


class TaxDocument(Base):
    """One document of the purchase or sales register (RCV)."""

    __tablename__ = "tax_documents"

    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[UUID] = mapped_column(ForeignKey("companies.id"))
    direction: Mapped[str] = mapped_column(String(8))  # purchase, sale
    doc_type: Mapped[int] = mapped_column(SmallInteger)  # SII's code, e.g. 33
    folio: Mapped[int]
    counterpart_rut: Mapped[str] = mapped_column(String(12))  # '' where there is none
    counterpart_name: Mapped[str]
    issue_date: Mapped[date]
    reception_at: Mapped[datetime | None]
    acknowledged_at: Mapped[datetime | None]
    claimed_at: Mapped[datetime | None]
    period: Mapped[str] = mapped_column(String(7))  # 2026-11
    accounting_state: Mapped[str] = mapped_column(String(10))
    exempt: Mapped[int]
    net: Mapped[int]
    vat: Mapped[int]
    vat_non_recoverable: Mapped[int] = mapped_column(server_default="0")
    total: Mapped[int]
    other_taxes: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'"))
    # [{"code": "27", "amount": 1200, "rate": "10"}], taxes besides VAT
    row_hash: Mapped[str] = mapped_column(String(64))  # tells a changed row from a seen one
    synced_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        # domain.md: (company, folio) alone collides across suppliers and types and loses rows.
        UniqueConstraint(
            "company_id", "direction", "doc_type", "counterpart_rut", "folio",
            name="uq_tax_documents_identity",
        ),
        Index("ix_tax_documents_company_period", "company_id", "period", "direction"),
    )  # fmt: skip


class DocumentSummary(Base):
    """What SII itself counts per type; the sync must match it."""

    __tablename__ = "document_summaries"

    company_id: Mapped[UUID] = mapped_column(ForeignKey("companies.id"), primary_key=True)
    direction: Mapped[str] = mapped_column(String(8), primary_key=True)
    period: Mapped[str] = mapped_column(String(7), primary_key=True)
    accounting_state: Mapped[str] = mapped_column(String(10), primary_key=True)
    doc_type: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    count: Mapped[int]
    exempt: Mapped[int]
    net: Mapped[int]
    vat: Mapped[int]
    total: Mapped[int]


class SyncCheckpoint(Base):
    """One period and direction that a sync run has committed; a second attempt skips it."""

    __tablename__ = "sync_checkpoints"

    run_id: Mapped[UUID] = mapped_column(
        ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True
    )
    period: Mapped[str] = mapped_column(String(7), primary_key=True)
    direction: Mapped[str] = mapped_column(String(8), primary_key=True)
    total: Mapped[int]
    created: Mapped[int]
    updated: Mapped[int]
    finished_at: Mapped[datetime] = mapped_column(server_default=func.now())


class NotificationTemplate(Base):
    """A text, and the approved WhatsApp template that carries it."""

    __tablename__ = "notification_templates"

    code: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str]  # Jinja2
    body: Mapped[str]  # Jinja2
    whatsapp_template: Mapped[str | None]
    whatsapp_parameters: Mapped[list[str]] = mapped_column(JSONB, server_default=text("'[]'"))


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
    # pending, processing, sent, partial, failed, skipped
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
    )


class NotificationDelivery(Base):
    """One message to one person by one channel, claimed before it is sent."""

    __tablename__ = "notification_deliveries"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    notification_id: Mapped[UUID] = mapped_column(ForeignKey("scheduled_notifications.id"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    channel: Mapped[str] = mapped_column(String(8))  # whatsapp, email
    status: Mapped[str] = mapped_column(String(8), default="sending")
    # sending, sent, failed, unknown (handed over, no answer: never resent blindly)
    provider_id: Mapped[str | None]
    error_code: Mapped[str | None]
    error_message: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(SmallInteger, default=0)
    next_try_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint(
            "notification_id", "user_id", "channel", name="uq_notification_deliveries_once"
        ),
    )


class AgentSession(Base):
    """A WhatsApp conversation of the assistant, in the tables of openai-agents' SQLAlchemySession.

    Names as of openai-agents 0.24. Times carry a zone here, other than there: CURRENT_TIMESTAMP
    then means the same in each session's own time zone.
    """

    __tablename__ = "agent_sessions"

    session_id: Mapped[str] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.current_timestamp())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.current_timestamp())


class AgentMessage(Base):
    """One item of such a conversation, as JSON."""

    __tablename__ = "agent_messages"

    id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[str] = mapped_column(
        ForeignKey("agent_sessions.session_id", ondelete="CASCADE")
    )
    message_data: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(server_default=func.current_timestamp())

    __table_args__ = (Index("idx_agent_messages_session_time", "session_id", "created_at"),)
