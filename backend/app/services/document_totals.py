"""Totals of a company's registers in one period, beside SII's own."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.boletas import BOLETA_TYPES
from app.domain.document_totals import Sum, Totals, TypeTotals, sum_of
from app.domain.documents import STATES, AccountingState, Direction
from app.infrastructure.db.models import (
    DailyBoletas,
    DocumentSummary,
    RegisterMark,
    TaxDocument,
)
from app.services.companies import find_company

_Key = tuple[str, str, int]  # direction, accounting state, type


@dataclass(frozen=True)
class RegisterTotals:
    """One register in one accounting state."""

    direction: Direction
    accounting_state: AccountingState
    read_at: datetime | None  # when SII's was last read completely
    types: list[TypeTotals]
    sum: Sum


def document_totals(session: Session, company_id: UUID, period: str) -> list[RegisterTotals]:
    """Returns the totals of each register and state of `period`, a text like 2026-11.

    Documents that SII no longer shows do not count; boletas are the sums of their days.
    Raises NotFound.
    """
    find_company(session, company_id)
    documents = _stored(session, company_id, period) | _boletas(session, company_id, period)
    summary = session.scalars(select(DocumentSummary).filter_by(**_of(company_id, period))).all()
    counted = {(row.direction, row.accounting_state, row.doc_type): row for row in summary}
    marks = session.scalars(select(RegisterMark).filter_by(**_of(company_id, period)))
    read_at = {mark.direction: mark.read_at for mark in marks}
    return [
        _register(direction, state, documents, counted, read_at.get(direction))
        for direction, states in STATES.items()
        for state in states
    ]


def _of(company_id: UUID, period: str) -> dict[str, object]:
    return {"company_id": company_id, "period": period}


def _stored(session: Session, company_id: UUID, period: str) -> dict[_Key, Totals]:
    row = TaxDocument
    key = (row.direction, row.accounting_state, row.doc_type)
    amounts = (func.sum(column) for column in (row.exempt, row.net, row.vat, row.total))
    found = session.execute(
        select(*key, func.count(), *amounts)
        .filter_by(**_of(company_id, period), vanished_at=None)
        .group_by(*key)
    )
    return {(one[0], one[1], one[2]): Totals(*map(int, one[3:])) for one in found}


def _boletas(session: Session, company_id: UUID, period: str) -> dict[_Key, Totals]:
    row = DailyBoletas
    amounts = (func.sum(column) for column in (row.count, row.exempt, row.net, row.vat, row.total))
    found = session.execute(
        select(row.doc_type, *amounts).filter_by(**_of(company_id, period)).group_by(row.doc_type)
    )
    return {
        (Direction.SALE, AccountingState.REGISTRO, one[0]): Totals(*map(int, one[1:]))
        for one in found
    }


def _register(
    direction: Direction,
    state: AccountingState,
    documents: Mapping[_Key, Totals],
    counted: Mapping[_Key, DocumentSummary],
    read_at: datetime | None,
) -> RegisterTotals:
    keys = [key for key in documents.keys() | counted.keys() if key[:2] == (direction, state)]
    types = [
        _type(key[2], documents.get(key, Totals()), counted.get(key), was_read=read_at is not None)
        for key in sorted(keys)
    ]
    return RegisterTotals(direction, state, read_at, types, sum_of(types, read_at is not None))


def _type(
    doc_type: int, stored: Totals, row: DocumentSummary | None, *, was_read: bool
) -> TypeTotals:
    if row is None:
        return TypeTotals(doc_type, stored, Totals() if was_read else None)
    summary = Totals(row.count, row.exempt, row.net, row.vat, row.total)
    # Boletas are listed nowhere, but their days are stored once they were read.
    is_known = row.detailed in (None, row.count) or (stored.count > 0 and doc_type in BOLETA_TYPES)
    return TypeTotals(doc_type, stored, summary, is_comparable=is_known)
