"""F29 for those who ask: list them, give a PDF, start a sync."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from app.errors import CredentialsMissing, NotFound
from app.infrastructure.db.models import F29Form, F29PdfFile, Run
from app.services.companies import find_company
from app.services.cursors import bigint, cut_page, decode_cursor
from app.services.f29_fan_out import enqueue_f29
from app.services.f29_sync import check_year
from app.services.outbox import Outbox
from app.services.pdf_storage import Place, checked

_ORDER = (F29Form.year, F29Form.month, F29Form.id)


def list_forms(
    session: Session,
    company_id: UUID,
    *,
    year: int | None = None,
    limit: int,
    cursor: str | None = None,
) -> tuple[Sequence[F29Form], str | None]:
    """Returns a page of a company's returns, newest period first, and the next one's cursor.

    Raises NotFound, InvalidInput.
    """
    find_company(session, company_id)
    query = select(F29Form).where(F29Form.company_id == company_id)
    if year is not None:
        query = query.where(F29Form.year == year)
    if cursor:
        query = query.where(
            tuple_(*_ORDER) < tuple_(*decode_cursor(cursor, _small, _small, bigint))
        )
    newest = query.order_by(*(column.desc() for column in _ORDER))
    found = session.scalars(newest.limit(limit + 1)).all()
    return cut_page(found, limit, lambda one: (one.year, one.month, one.id))


def _small(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 9999:
        raise ValueError(text)
    return number


def find_pdf(session: Session, company_id: UUID, folio: int) -> bytes | Place:
    """Returns the PDF of a company's return, or the place outside of Postgres that holds it.

    Raises NotFound, which says what is missing, and PdfDamaged.
    """
    form = session.scalars(select(F29Form).filter_by(company_id=company_id, folio=folio)).first()
    if form is None:
        raise NotFound(f"There is no F29 with folio {folio} of company {company_id}.")
    file = session.get(F29PdfFile, form.id)
    if file is None:
        raise NotFound(f"The PDF of folio {folio} is not here; its state is {form.pdf_status}.")
    sha256 = form.pdf_sha256 or ""
    if file.content is None:
        return Place(file.store, file.key or "", sha256)
    return checked(file.content, sha256)


def start_f29_sync(
    session: Session, outbox: Outbox, company_id: UUID, *, year: int | None, now: datetime
) -> tuple[Run, bool]:
    """Enqueues a sync of a year's returns (None: the year of the month that is declared now).

    The same request while its run is unfinished gives that run; the second value says whether
    the run is new. Raises NotFound, CredentialsMissing, InvalidInput.
    """
    chosen = check_year(year, now)
    if find_company(session, company_id).credential is None:
        raise CredentialsMissing
    return enqueue_f29(session, outbox, company_id, year=chosen, queued_at=now)
