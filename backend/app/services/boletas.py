"""Lists boletas per day."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from app.infrastructure.db.models import DailyBoletas
from app.services.companies import find_company
from app.services.cursors import bigint, cut_page, decode_cursor


def list_boletas(
    session: Session,
    company_id: UUID,
    *,
    period: str | None = None,
    doc_type: int | None = None,
    limit: int,
    cursor: str | None = None,
) -> tuple[Sequence[DailyBoletas], str | None]:
    """Returns a page of a company's days, newest first, and the cursor of the next one.

    Raises NotFound, InvalidInput.
    """
    find_company(session, company_id)
    row = DailyBoletas
    wanted = {"company_id": company_id, "period": period, "doc_type": doc_type}
    query = select(row).filter_by(**{key: one for key, one in wanted.items() if one is not None})
    if cursor:
        last = decode_cursor(cursor, date.fromisoformat, bigint)
        query = query.where(tuple_(row.day, row.doc_type) < tuple_(*last))
    query = query.order_by(row.day.desc(), row.doc_type.desc())
    found = session.scalars(query.limit(limit + 1)).all()
    return cut_page(found, limit, lambda one: (one.day, one.doc_type))
