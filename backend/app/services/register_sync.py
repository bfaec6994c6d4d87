"""Reads one register of one period from a portal's session, whole, and stores it."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy.orm import Session, sessionmaker

from app.domain.boletas import BoletasReading
from app.domain.documents import Direction, RegisterReading, SummaryRow
from app.domain.exports import ExportMemory
from app.domain.fees import FeesReading
from app.domain.periods import Period
from app.domain.registers import Register
from app.errors import ExportNotReady, IncompleteAnswer
from app.infrastructure.db.models import SyncCheckpoint
from app.services.attempts import Attempt
from app.services.boletas_store import store_boletas, stored_summary
from app.services.document_store import store_reading
from app.services.fees_store import store_fees
from app.services.register_exports import StoredExports, forget_exports

Step = tuple[Period, Register]
Reading = RegisterReading | BoletasReading | FeesReading


class PortalSession(Protocol):
    """A logged-in session at SII."""

    def read_taxpayer(self) -> Mapping[str, Any]:
        """Returns what the home page says of who is logged in. Raises SII's errors."""

    def read_register(
        self, company_rut: str, period: Period, direction: Direction, exports: ExportMemory
    ) -> RegisterReading:
        """Returns one register of one period. Raises SII's errors, and ExportNotReady.

        `exports` remembers the files that a large register is asked for.
        """

    def read_boletas(
        self, company_rut: str, period: Period, counted: Sequence[SummaryRow] | None
    ) -> BoletasReading:
        """Returns one period's boletas per day. Raises SII's errors.

        `counted`: what the sales register counts of them; None has it read again.
        """

    def read_fees(self, company_rut: str, period: Period) -> FeesReading:
        """Returns the boletas de honorarios that came in one period. Raises SII's errors."""


class Portal(Protocol):
    """The way into SII."""

    def open_session(self, login_rut: str, clave: str) -> AbstractContextManager[PortalSession]:
        """Logs in, exactly once, and out at the end. Raises SII's errors."""


@dataclass(frozen=True)
class Target:
    """Whose registers are stored, by which attempt of a run."""

    sessions: sessionmaker[Session]
    attempt: Attempt
    company_id: UUID
    company_rut: str
    current: Period  # the newest period that a register can have

    def sync(self, session: PortalSession, step: Step, done: set[Step]) -> None:
        """Reads a step and commits it with its checkpoint; `done` are this run's steps before.

        Raises SII's errors; IncompleteAnswer where also a second look does not add up;
        ExportNotReady or ExportOverdue where SII has not finished a file of the register;
        RunTakenOver where a later attempt has begun.
        """
        exports = StoredExports(self.sessions, self.attempt, self.company_id, *step)
        try:
            reading = self._read_complete(session, step, exports, self._counted(step, done))
        except ExportNotReady:
            raise exports.put_off() from None
        except IncompleteAnswer:
            exports.forget()
            raise
        with self.sessions.begin() as transaction:
            self.attempt.hold(transaction)
            self._store(transaction, reading)
            forget_exports(transaction, self.company_id, *step)

    def _read_complete(
        self,
        session: PortalSession,
        step: Step,
        exports: ExportMemory,
        counted: Sequence[SummaryRow] | None,
    ) -> Reading:
        reading = self._read(session, step, exports, counted)
        try:
            reading.check_complete()
        except IncompleteAnswer:
            # A document may arrive between a summary and its rows: one more look settles that.
            reading = self._read(session, step, exports, None)
            reading.check_complete()
        return reading

    def _counted(self, step: Step, done: set[Step]) -> Sequence[SummaryRow] | None:
        """Returns what this run's own reading of the sales counts of boletas; None without one."""
        period, register = step
        if register is not Register.BOLETAS or (period, Register.SALE) not in done:
            return None
        with self.sessions() as session:
            return stored_summary(session, self.company_id, period)

    def _read(
        self,
        session: PortalSession,
        step: Step,
        exports: ExportMemory,
        counted: Sequence[SummaryRow] | None,
    ) -> Reading:
        period, register = step
        match register:
            case Register.FEES:
                return session.read_fees(self.company_rut, period)
            case Register.BOLETAS if counted is not None and not counted:
                return BoletasReading(period, (), ())  # most companies have none: nothing to ask
            case Register.BOLETAS:
                return session.read_boletas(self.company_rut, period, counted)
            case _:
                direction = Direction(register)
                return session.read_register(self.company_rut, period, direction, exports)

    def _store(self, session: Session, reading: Reading) -> SyncCheckpoint:
        run_id = self.attempt.run_id
        match reading:
            case BoletasReading():
                return store_boletas(session, run_id, self.company_id, reading)
            case FeesReading():
                return store_fees(session, run_id, self.company_id, reading)
            case RegisterReading():
                return store_reading(session, run_id, self.company_id, reading, self.current)
