"""What a sync has committed: a mark per register and period, for good and for its run."""

from uuid import UUID

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.domain.periods import Period
from app.infrastructure.db.models import RegisterMark, SyncCheckpoint


def note_reading(session: Session, company_id: UUID, register: str, period: Period) -> None:
    """Notes that a company's register of `period` was read completely just now."""
    statement = insert(RegisterMark).values(
        company_id=company_id, direction=register, period=str(period)
    )
    session.execute(
        statement.on_conflict_do_update(
            constraint="pk_register_marks", set_={"read_at": func.now()}
        )
    )


def add_checkpoint(
    session: Session,
    run_id: UUID,
    register: str,
    period: Period,
    *,
    total: int,
    created: int,
    updated: int,
) -> SyncCheckpoint:
    """Stores, and returns, that a run has done a register of `period`, and what that changed."""
    checkpoint = SyncCheckpoint(
        run_id=run_id,
        period=str(period),
        direction=register,
        total=total,
        created=created,
        updated=updated,
    )
    session.add(checkpoint)
    session.flush()
    return checkpoint
