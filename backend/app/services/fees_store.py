"""Stores boletas de honorarios, and counts truthfully what that changed."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from sqlalchemy import func, literal_column, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.domain.fees import Fee, FeesReading
from app.domain.registers import Register
from app.infrastructure.db.models import ReceivedFee, SyncCheckpoint
from app.services.checkpoints import add_checkpoint, note_reading

BATCH = 500  # rows per statement: far below the 65 535 parameters that the protocol allows


def store_fees(
    session: Session, run_id: UUID, company_id: UUID, reading: FeesReading
) -> SyncCheckpoint:
    """Stores a complete reading and its checkpoint in the caller's transaction.

    A boleta that its period's report no longer shows is kept and marked: it moves to no other.
    """
    changes: list[bool] = []
    for start in range(0, len(reading.fees), BATCH):
        batch = reading.fees[start : start + BATCH]
        changes += _upsert(session, company_id, str(reading.period), batch)
    _mark_vanished(session, company_id, reading)
    note_reading(session, company_id, Register.FEES, reading.period)
    return add_checkpoint(
        session,
        run_id,
        Register.FEES,
        reading.period,
        total=len(reading.fees),
        created=changes.count(True),
        updated=changes.count(False),
    )


def _upsert(session: Session, company_id: UUID, period: str, fees: Sequence[Fee]) -> Sequence[bool]:
    """Returns, for each row that changed or shows again, whether it is new."""
    rows = [_row(company_id, period, fee) for fee in fees]
    row, statement = ReceivedFee, insert(ReceivedFee).values(rows)
    new = statement.excluded
    changes = {name: new[name] for name in rows[0].keys() - {"company_id", "issuer_rut", "folio"}}
    return session.scalars(
        statement.on_conflict_do_update(
            constraint="uq_received_fees_identity",
            set_=changes | {"synced_at": func.now(), "vanished_at": None},
            where=or_(
                row.row_hash != new.row_hash,
                row.period != new.period,
                row.vanished_at.is_not(None),
            ),
        ).returning(literal_column("(xmax = 0)"))  # no transaction has replaced a new row
    ).all()


def _row(company_id: UUID, period: str, fee: Fee) -> dict[str, Any]:
    return asdict(fee) | {
        "company_id": company_id,
        "period": period,
        "status": fee.status,
        "row_hash": fee.row_hash,
    }


def _mark_vanished(session: Session, company_id: UUID, reading: FeesReading) -> None:
    row = ReceivedFee
    shown = {fee.identity for fee in reading.fees}
    stored = session.execute(
        select(row.id, row.issuer_rut, row.folio).filter_by(
            company_id=company_id, period=str(reading.period), vanished_at=None
        )
    )
    gone = [one.id for one in stored if (one.issuer_rut, one.folio) not in shown]
    if gone:
        statement = update(row).where(row.id.in_(gone))
        session.execute(statement.values(vanished_at=func.now(), synced_at=func.now()))
