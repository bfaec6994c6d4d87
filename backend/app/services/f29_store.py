"""F29 in the database: returns as listed, their PDFs, and PDFs that did not come."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, literal_column, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.domain.f29 import F29Listed, F29Pdf, arithmetic_faults
from app.errors import FiscalError
from app.infrastructure.db.models import F29Form, F29PdfFile
from app.services.pdf_storage import POSTGRES, Place

MOST_TRIES = 5
# Between a failed try and the next; after the last one the PDF is called unavailable.
PAUSES = (timedelta(hours=1), timedelta(hours=4), timedelta(hours=12), timedelta(days=1))

DOWNLOADED, PENDING, FAILED, UNAVAILABLE = "downloaded", "pending", "error", "unavailable"


def store_listed(session: Session, company_id: UUID, listed: F29Listed) -> str | None:
    """Stores a return as it is listed. Returns 'new', 'updated', or None where nothing changed.

    A list without amounts, or a codInt that was not asked for, wipes none that is known.
    """
    values: dict[str, Any] = {
        "cod_int": listed.cod_int,
        "year": listed.period.year,
        "month": listed.period.month,
        "status": listed.status,
        "status_raw": listed.status_raw,
        "submitted_on": listed.submitted_on,
        "amount": listed.amount,
    }
    statement = insert(F29Form).values(company_id=company_id, folio=listed.folio, **values)
    changes: dict[str, Any] = {name: statement.excluded[name] for name in values}
    for kept in ("amount", "cod_int"):
        changes[kept] = func.coalesce(statement.excluded[kept], getattr(F29Form, kept))
    differs = or_(*(getattr(F29Form, name).is_distinct_from(new) for name, new in changes.items()))
    is_new = session.scalar(
        statement.on_conflict_do_update(
            constraint="uq_f29_forms_identity",
            set_=changes | {"synced_at": func.now()},
            where=differs,
        ).returning(literal_column("xmax = 0"))
    )
    return None if is_new is None else "new" if is_new else "updated"


def known_cod_ints(session: Session, company_id: UUID) -> set[int]:
    """Returns the folios of a company whose codInt is known."""
    statement = select(F29Form.folio).filter_by(company_id=company_id)
    return set(session.scalars(statement.where(F29Form.cod_int.is_not(None))))


def is_due(now: datetime) -> ColumnElement[bool]:
    """Returns the condition of forms whose PDF is to be fetched at `now`, if there is a way."""
    return (
        F29Form.pdf_status.in_((PENDING, FAILED))
        & F29Form.cod_int.is_not(None)
        & or_(F29Form.pdf_next_try_at.is_(None), F29Form.pdf_next_try_at <= now)
    )


def store_pdf(session: Session, form_id: int, pdf: F29Pdf, place: Place | None = None) -> None:
    """Stores the PDF of a form, or the `place` that holds it, its codes, and where these do not
    add up."""
    values: dict[str, Any] = {
        "content": pdf.content if place is None else None,
        "store": POSTGRES if place is None else place.store,
        "key": None if place is None else place.key,
        "pages": pdf.pages,
    }
    file = insert(F29PdfFile).values(form_id=form_id, **values)
    changed = {name: file.excluded[name] for name in values}
    session.execute(file.on_conflict_do_update(index_elements=[F29PdfFile.form_id], set_=changed))
    session.execute(
        update(F29Form)
        .where(F29Form.id == form_id)
        .values(
            pdf_status=DOWNLOADED,
            pdf_sha256=pdf.sha256,
            pdf_attempts=F29Form.pdf_attempts + 1,
            pdf_next_try_at=None,
            pdf_error=None,
            codes=pdf.codes,
            code_faults=arithmetic_faults(pdf.codes),
        )
    )


def store_failure(session: Session, form_id: int, error: FiscalError, now: datetime) -> None:
    """Notes a PDF that did not come, and when it is tried again, if ever."""
    form = session.get_one(F29Form, form_id, with_for_update=True)
    form.pdf_attempts += 1
    form.pdf_error = f"{error.code}: {error.message}"
    is_last = form.pdf_attempts >= MOST_TRIES
    form.pdf_status = UNAVAILABLE if is_last else FAILED
    form.pdf_next_try_at = None if is_last else now + PAUSES[form.pdf_attempts - 1]
