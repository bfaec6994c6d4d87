"""Boletas de honorarios that companies received."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from app.infrastructure.db.models.base import Base


class ReceivedFee(Base):
    """One boleta de honorarios of a company's monthly report."""

    __tablename__ = "received_fees"

    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[UUID] = mapped_column(ForeignKey("companies.id"))
    issuer_rut: Mapped[str] = mapped_column(String(12))
    folio: Mapped[int]  # numbered by its issuer
    issuer_name: Mapped[str]
    issue_date: Mapped[date]
    period: Mapped[str] = mapped_column(String(7))  # of the report, 2026-11
    status: Mapped[str] = mapped_column(String(12))  # Vigente, Anulada, Desconocido
    status_raw: Mapped[str]  # SII's own mark
    annulled_on: Mapped[date | None]
    gross: Mapped[int]
    withheld: Mapped[int]
    net: Mapped[int]
    row_hash: Mapped[str] = mapped_column(String(64))  # tells a changed row from a seen one
    synced_at: Mapped[datetime] = mapped_column(server_default=func.now())
    vanished_at: Mapped[datetime | None]  # since when its period's report does not show it

    __table_args__ = (
        UniqueConstraint("company_id", "issuer_rut", "folio", name="uq_received_fees_identity"),
        Index("ix_received_fees_company_period", "company_id", "period"),
    )
