"""Stores boletas per day, and counts truthfully what that changed."""

from dataclasses import asdict
from uuid import UUID

from sqlalchemy import delete, func, literal_column, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.domain.boletas import BoletasReading, of_boletas
from app.domain.documents import AccountingState, Direction, SummaryRow
from app.domain.periods import Period
from app.domain.registers import Register
from app.infrastructure.db.models import DailyBoletas, DocumentSummary, SyncCheckpoint
from app.services.checkpoints import add_checkpoint, note_reading

_COUNTS = ("count", "exempt", "net", "vat", "total")


def store_boletas(
    session: Session, run_id: UUID, company_id: UUID, reading: BoletasReading
) -> SyncCheckpoint:
    """Stores a complete reading and its checkpoint in the caller's transaction.

    They are SII's own sums, as a summary is: a day that it no longer has is gone here too.
    """
    _delete_others(session, company_id, reading)
    changes = _upsert(session, company_id, reading) if reading.days else []
    note_reading(session, company_id, Register.BOLETAS, reading.period)
    return add_checkpoint(
        session,
        run_id,
        Register.BOLETAS,
        reading.period,
        total=len(reading.days),
        created=changes.count(True),
        updated=changes.count(False),
    )


def stored_summary(session: Session, company_id: UUID, period: Period) -> tuple[SummaryRow, ...]:
    """Returns what the sales register counted of boletas when it was last read."""
    row = DocumentSummary
    found = session.scalars(
        select(row).filter_by(company_id=company_id, direction=Direction.SALE, period=str(period))
    )
    return of_boletas(
        SummaryRow(
            accounting_state=AccountingState(one.accounting_state),
            doc_type=one.doc_type,
            count=one.count,
            detailed=one.detailed or 0,
            exempt=one.exempt,
            net=one.net,
            vat=one.vat,
            total=one.total,
        )
        for one in found
    )


def _delete_others(session: Session, company_id: UUID, reading: BoletasReading) -> None:
    row = DailyBoletas
    others = delete(row).filter_by(company_id=company_id, period=str(reading.period))
    if reading.days:
        kept = [(one.doc_type, one.day) for one in reading.days]
        others = others.where(tuple_(row.doc_type, row.day).not_in(kept))
    session.execute(others)


def _upsert(session: Session, company_id: UUID, reading: BoletasReading) -> list[bool]:
    """Returns, for each day that changed, whether it is new. Two types: at most 62 rows."""
    of = {"company_id": company_id, "period": str(reading.period)}
    statement = insert(DailyBoletas).values([asdict(one) | of for one in reading.days])
    new = statement.excluded
    ours = tuple_(*(getattr(DailyBoletas, name) for name in _COUNTS))
    theirs = tuple_(*(new[name] for name in _COUNTS))
    return list(
        session.scalars(
            statement.on_conflict_do_update(
                constraint="pk_daily_boletas",
                set_={name: new[name] for name in _COUNTS} | {"synced_at": func.now()},
                where=ours != theirs,
            ).returning(literal_column("(xmax = 0)"))  # no transaction has replaced a new row
        )
    )
