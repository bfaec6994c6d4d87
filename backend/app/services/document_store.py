"""Stores what was read of a register, and counts truthfully what that changed."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any
from uuid import UUID

from sqlalchemy import ScalarResult, delete, func, literal_column, or_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.domain.documents import RegisterDocument, RegisterReading, latest_of_each
from app.domain.periods import Period
from app.infrastructure.db.models import DocumentSummary, SyncCheckpoint, TaxDocument
from app.services.checkpoints import add_checkpoint
from app.services.vanished_documents import mark_vanished

BATCH = 500  # rows per statement: far below the 65 535 parameters that the protocol allows


def store_reading(
    session: Session, run_id: UUID, company_id: UUID, reading: RegisterReading, current: Period
) -> SyncCheckpoint:
    """Stores a complete reading and its checkpoint in the caller's transaction.

    A document's identity decides, not its period or state: one that moved is updated in place.
    `current` is the newest period that a register can have.
    """
    documents = latest_of_each(reading.documents)
    created = updated = 0
    for start in range(0, len(documents), BATCH):
        for is_new in _upsert(session, company_id, documents[start : start + BATCH]):
            created += is_new
            updated += not is_new
    mark_vanished(session, company_id, reading, documents, current)
    _replace_summary(session, company_id, reading)
    return add_checkpoint(
        session,
        run_id,
        reading.direction,
        reading.period,
        total=len(documents),
        created=created,
        updated=updated,
    )


def _upsert(
    session: Session, company_id: UUID, documents: Iterable[RegisterDocument]
) -> ScalarResult[bool]:
    """Returns, for each row that changed or shows again, whether it is new."""
    rows = [_row(company_id, document) for document in documents]
    statement = insert(TaxDocument).values(rows)
    identity = {"company_id", "direction", "doc_type", "counterpart_rut", "folio"}
    changes = {name: statement.excluded[name] for name in rows[0].keys() - identity}
    return session.scalars(
        statement.on_conflict_do_update(
            constraint="uq_tax_documents_identity",
            set_=changes | {"synced_at": func.now(), "missing_at": None, "vanished_at": None},
            where=or_(
                TaxDocument.row_hash != statement.excluded.row_hash,
                TaxDocument.missing_at.is_not(None),
            ),
        ).returning(literal_column("(xmax = 0)"))  # no transaction has replaced a new row
    )


def _row(company_id: UUID, document: RegisterDocument) -> dict[str, Any]:
    return asdict(document) | {"company_id": company_id, "row_hash": document.row_hash}


def _replace_summary(session: Session, company_id: UUID, reading: RegisterReading) -> None:
    """Replaces the whole summary: a type whose last document moved away has no row any more."""
    key = {
        "company_id": company_id,
        "direction": reading.direction,
        "period": str(reading.period),
    }
    session.execute(delete(DocumentSummary).filter_by(**key))
    rows = [asdict(row) | key for row in reading.summary]
    if rows:
        session.execute(insert(DocumentSummary).values(rows))
