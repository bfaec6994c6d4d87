"""Files that a sync has asked SII for: remembered until they are stored, by whichever run."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, sessionmaker

from app.domain.documents import AccountingState
from app.domain.exports import AskedExport
from app.domain.periods import Period
from app.domain.registers import Register
from app.errors import ExportNotReady, ExportOverdue
from app.infrastructure.db.models import RegisterExport
from app.services.attempts import Attempt

PATIENCE = timedelta(hours=2)  # public clients tell of seconds
KEPT = timedelta(days=1)  # an older file tells of a register that has changed since
SHORTEST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(minutes=15)


@dataclass(frozen=True)
class StoredExports:
    """The memory of one register of a period."""

    sessions: sessionmaker[Session]
    attempt: Attempt
    company_id: UUID
    period: Period
    register: Register

    def recall(self, state: AccountingState) -> AskedExport | None:
        """Returns the file that was asked for within KEPT."""
        with self.sessions() as session:
            row = session.scalar(select(RegisterExport).filter_by(**self._key, **_of(state)))
        if row is None or row.asked_at < datetime.now(UTC) - KEPT:
            return None
        return AskedExport(row.newest_before, row.number)

    def keep(self, state: AccountingState, asked: AskedExport) -> None:
        """Remembers a file before it is asked for, and its number after. Raises RunTakenOver."""
        told = {"newest_before": asked.newest_before, "number": asked.number}
        fresh = {"asked_at": datetime.now(UTC), "try_again_at": None}
        row = insert(RegisterExport).values(**self._key, **_of(state), **told, **fresh)
        changes = told if asked.number is not None else told | fresh
        with self.sessions.begin() as session:
            self.attempt.hold(session, is_progress=False)
            session.execute(
                row.on_conflict_do_update(constraint="pk_register_exports", set_=changes)
            )

    def forget(self, *states: AccountingState) -> None:
        """Has the files of these states, or of all, asked for again. Raises RunTakenOver."""
        with self.sessions.begin() as session:
            self.attempt.hold(session, is_progress=False)
            forget_exports(session, self.company_id, self.period, self.register, *states)

    def put_off(self) -> ExportNotReady | ExportOverdue:
        """Notes when a file that is not finished is looked for again, and returns why not now.

        The wait is as long as it has taken so far, within bounds. Raises RunTakenOver.
        """
        now = datetime.now(UTC)
        mine = select(RegisterExport.asked_at).filter_by(**self._key)
        with self.sessions.begin() as session:
            self.attempt.hold(session, is_progress=False)
            age = now - min(session.scalars(mine), default=now)
            pause = min(max(age, SHORTEST_PAUSE), LONGEST_PAUSE)
            session.execute(
                update(RegisterExport).filter_by(**self._key).values(try_again_at=now + pause)
            )
        error = ExportOverdue() if age > PATIENCE else ExportNotReady()
        error.retry_after = int(pause.total_seconds())
        return error

    @property
    def _key(self) -> dict[str, Any]:
        return _key(self.company_id, self.period, self.register)


def forget_exports(
    session: Session,
    company_id: UUID,
    period: Period,
    register: Register,
    *states: AccountingState,
) -> None:
    """Forgets the files of a register of a period, of these states or of all."""
    statement = delete(RegisterExport).filter_by(**_key(company_id, period, register))
    if states:
        statement = statement.where(RegisterExport.accounting_state.in_(states))
    session.execute(statement)


def not_yet(
    session: Session, company_id: UUID, steps: Iterable[tuple[Period, Register]]
) -> dict[tuple[Period, Register], ExportNotReady]:
    """Returns those of `steps` whose files are not to be looked for yet."""
    now = datetime.now(UTC)
    rows = session.scalars(
        select(RegisterExport)
        .filter_by(company_id=company_id)
        .where(RegisterExport.try_again_at > now)
    )
    later = {(row.period, row.direction): row.try_again_at for row in rows}
    found = {}
    for step in steps:
        at = later.get((str(step[0]), str(step[1])))
        if at is not None:
            error = ExportNotReady()
            error.retry_after = int((at - now).total_seconds()) + 1
            found[step] = error
    return found


def _key(company_id: UUID, period: Period, register: Register) -> dict[str, Any]:
    return {"company_id": company_id, "period": str(period), "direction": str(register)}


def _of(state: AccountingState) -> dict[str, Any]:
    return {"accounting_state": state}
