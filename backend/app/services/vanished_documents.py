"""Documents that the portal no longer shows: kept, and marked once they are in no register."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.domain.documents import RegisterDocument, RegisterReading, has_vanished
from app.domain.periods import Period
from app.infrastructure.db.models import RegisterMark, TaxDocument
from app.services.checkpoints import note_reading


def mark_vanished(
    session: Session,
    company_id: UUID,
    reading: RegisterReading,
    documents: Iterable[RegisterDocument],
    current: Period,
) -> None:
    """Marks what a complete reading, already stored as `documents`, shows to have vanished.

    `current`: the newest period that a register can have. What may have moved to a period that
    was not read since is only noted as missing.
    """
    note_reading(session, company_id, reading.direction, reading.period)
    _note_missing(session, company_id, reading, {document.identity for document in documents})
    _settle(session, company_id, reading, current)


def _note_missing(
    session: Session,
    company_id: UUID,
    reading: RegisterReading,
    shown: set[tuple[str, int, str, int]],
) -> None:
    rows = session.execute(
        select(
            TaxDocument.id,
            TaxDocument.direction,
            TaxDocument.doc_type,
            TaxDocument.counterpart_rut,
            TaxDocument.folio,
        ).filter_by(
            company_id=company_id,
            direction=reading.direction,
            period=str(reading.period),
            missing_at=None,
        )
    )
    missing = [row.id for row in rows if tuple(row[1:]) not in shown]
    _set(session, missing, missing_at=func.now())


def _settle(session: Session, company_id: UUID, reading: RegisterReading, current: Period) -> None:
    register = {"company_id": company_id, "direction": reading.direction}
    waiting = session.execute(
        select(TaxDocument.id, TaxDocument.period, TaxDocument.missing_at)
        .filter_by(**register, vanished_at=None)
        .where(TaxDocument.missing_at.is_not(None))
    ).all()
    if not waiting:
        return
    marks = session.scalars(select(RegisterMark).filter_by(**register))
    read_at = {Period.parse(mark.period): mark.read_at for mark in marks}
    vanished = [
        row.id
        for row in waiting
        if has_vanished(Period.parse(row.period), row.missing_at, read_at, current)
    ]
    _set(session, vanished, vanished_at=func.now())


def _set(session: Session, ids: list[int], **values: object) -> None:
    if ids:
        statement = update(TaxDocument).where(TaxDocument.id.in_(ids))
        session.execute(statement.values(**values, synced_at=func.now()))
