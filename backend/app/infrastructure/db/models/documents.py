"""The registers of purchases and sales, and how far a sync is."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, SmallInteger, String, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.infrastructure.db.models.base import Base


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
    missing_at: Mapped[datetime | None]  # since when its period's register does not show it
    vanished_at: Mapped[datetime | None]  # and since when no later one can have it either

    __table_args__ = (
        # domain.md: (company, folio) alone collides across suppliers and types and loses rows.
        UniqueConstraint(
            "company_id", "direction", "doc_type", "counterpart_rut", "folio",
            name="uq_tax_documents_identity",
        ),
        Index("ix_tax_documents_company_period", "company_id", "period", "direction"),
        Index(
            "ix_tax_documents_missing", "company_id", "direction",
            postgresql_where=text("missing_at IS NOT NULL AND vanished_at IS NULL"),
        ),
    )  # fmt: skip


class RegisterMark(Base):
    """When a register of a period was last read completely."""

    __tablename__ = "register_marks"

    company_id: Mapped[UUID] = mapped_column(ForeignKey("companies.id"), primary_key=True)
    direction: Mapped[str] = mapped_column(String(8), primary_key=True)  # a Register
    period: Mapped[str] = mapped_column(String(7), primary_key=True)
    read_at: Mapped[datetime] = mapped_column(server_default=func.now())


class RegisterExport(Base):
    """A file that SII was asked for, of a register too large for one answer; gone once stored."""

    __tablename__ = "register_exports"

    company_id: Mapped[UUID] = mapped_column(ForeignKey("companies.id"), primary_key=True)
    direction: Mapped[str] = mapped_column(String(8), primary_key=True)
    period: Mapped[str] = mapped_column(String(7), primary_key=True)
    accounting_state: Mapped[str] = mapped_column(String(10), primary_key=True)
    newest_before: Mapped[int]  # SII's number of the last file before this one
    number: Mapped[int | None]  # SII's `caId`; None as long as SII has not told it
    asked_at: Mapped[datetime]
    try_again_at: Mapped[datetime | None]  # it was not finished; no look before that


class DocumentSummary(Base):
    """What SII itself counts per type; the sync must match it."""

    __tablename__ = "document_summaries"

    company_id: Mapped[UUID] = mapped_column(ForeignKey("companies.id"), primary_key=True)
    direction: Mapped[str] = mapped_column(String(8), primary_key=True)
    period: Mapped[str] = mapped_column(String(7), primary_key=True)
    accounting_state: Mapped[str] = mapped_column(String(10), primary_key=True)
    doc_type: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    count: Mapped[int]
    detailed: Mapped[int | None]  # how many of them SII also lists; None before revision 0007
    exempt: Mapped[int]
    net: Mapped[int]
    vat: Mapped[int]
    total: Mapped[int]


class DailyBoletas(Base):
    """What SII counts of one type of boletas on one day."""

    __tablename__ = "daily_boletas"

    company_id: Mapped[UUID] = mapped_column(ForeignKey("companies.id"), primary_key=True)
    doc_type: Mapped[int] = mapped_column(SmallInteger, primary_key=True)  # 39, 48
    day: Mapped[date] = mapped_column(primary_key=True)
    period: Mapped[str] = mapped_column(String(7))  # the day's month
    count: Mapped[int]
    exempt: Mapped[int]
    net: Mapped[int]
    vat: Mapped[int]
    total: Mapped[int]
    synced_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (Index("ix_daily_boletas_company_period", "company_id", "period"),)


class SyncCheckpoint(Base):
    """One register of a period that a sync run has committed; a second attempt skips it."""

    __tablename__ = "sync_checkpoints"

    run_id: Mapped[UUID] = mapped_column(
        ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True
    )
    period: Mapped[str] = mapped_column(String(7), primary_key=True)
    direction: Mapped[str] = mapped_column(String(8), primary_key=True)  # a Register
    total: Mapped[int]
    created: Mapped[int]
    updated: Mapped[int]
    finished_at: Mapped[datetime] = mapped_column(server_default=func.now())
