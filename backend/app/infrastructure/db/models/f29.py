"""Monthly tax returns (F29) and their PDFs."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    SmallInteger,
    String,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.infrastructure.db.models.base import Base


class F29Form(Base):
    """One return of a company, as SII lists it."""

    __tablename__ = "f29_forms"

    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[UUID] = mapped_column(ForeignKey("companies.id"))
    folio: Mapped[int]
    cod_int: Mapped[int | None]  # SII's inner number; without it there is no way to the PDF
    year: Mapped[int] = mapped_column(SmallInteger)
    month: Mapped[int] = mapped_column(SmallInteger)
    status: Mapped[str] = mapped_column(String(12))  # Vigente, Rectificada, Anulada, Desconocido
    status_raw: Mapped[str]  # SII's own word
    submitted_on: Mapped[date]
    amount: Mapped[int | None]  # None where the list that was read has no such column
    codes: Mapped[dict[str, Any] | None]  # {"538": 1200000, ...}; None before the PDF was read
    code_faults: Mapped[list[str]] = mapped_column(JSONB, server_default=text("'[]'"))
    # sentences: where the form's own codes do not add up
    pdf_status: Mapped[str] = mapped_column(String(12), server_default="pending")
    # pending, downloaded, error, unavailable
    pdf_sha256: Mapped[str | None] = mapped_column(String(64))
    pdf_attempts: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    pdf_next_try_at: Mapped[datetime | None]
    pdf_error: Mapped[str | None]
    synced_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        UniqueConstraint("company_id", "folio", name="uq_f29_forms_identity"),
        Index("ix_f29_forms_company_period", "company_id", "year", "month"),
        Index(
            "ix_f29_forms_missing_pdfs", "company_id", "pdf_next_try_at",
            postgresql_where=text("pdf_status IN ('pending', 'error')"),
        ),
    )  # fmt: skip


class F29PdfFile(Base):
    """The PDF of a return; apart from it, so that no list reads megabytes."""

    __tablename__ = "f29_pdf_files"

    form_id: Mapped[int] = mapped_column(
        ForeignKey("f29_forms.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    content: Mapped[bytes | None]  # None where another store holds it
    store: Mapped[str] = mapped_column(String(12), server_default="postgres")
    # postgres, directory, s3
    key: Mapped[str | None]  # in that store
    pages: Mapped[int] = mapped_column(SmallInteger)
    stored_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        CheckConstraint("(content IS NULL) = (key IS NOT NULL)", name="ck_f29_pdf_files_one_place"),
    )
