"""Brings a company's purchases and sales into step with SII's registers."""

import math
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.domain.documents import Direction, RegisterReading
from app.domain.periods import Period, current_period, months_back
from app.errors import (
    CredentialsBlocked,
    FiscalError,
    IncompleteAnswer,
    InvalidCredentials,
    InvalidInput,
    OutOfTime,
    PeriodsIncomplete,
    PeriodsUnreadable,
    TransientError,
    UnexpectedAnswer,
)
from app.infrastructure.db.models import Run, SyncCheckpoint
from app.services.document_store import store_reading
from app.services.runs import Progress
from app.services.sii_logins import (
    Decrypter,
    Login,
    find_login,
    one_at_a_time,
    record_refusal,
    record_success,
)

MOST_MONTHS = 12

Step = tuple[Period, Direction]


class PortalSession(Protocol):
    """A logged-in session at SII."""

    def read_register(
        self, company_rut: str, period: Period, direction: Direction
    ) -> RegisterReading:
        """Returns one register of one period. Raises SII's errors."""


class Portal(Protocol):
    """The way into SII."""

    def open_session(self, login_rut: str, clave: str) -> AbstractContextManager[PortalSession]:
        """Logs in, exactly once, and out at the end. Raises SII's errors."""


@dataclass
class _Sync:
    sessions: sessionmaker[Session]
    run_id: UUID
    login: Login
    steps: list[Step]
    progress: Progress
    deadline: float
    failures: dict[Step, FiscalError] = field(default_factory=dict)


def sync_documents(
    sessions: sessionmaker[Session],
    portal: Portal,
    cipher: Decrypter,
    *,
    run_id: UUID,
    company_id: UUID | str,
    months: int = 1,
    month_offset: int = 0,
    progress: Progress,
    deadline: float = math.inf,
) -> dict[str, Any]:
    """Syncs the `months` periods that end `month_offset` months before the run was asked for.

    Each period and direction is committed with its checkpoint; a later attempt of the same run
    goes on after the last one. After `deadline`, a value of time.monotonic(), no further one is
    begun. Returns counts (`total`, `nuevos`, `actualizados`) per register.

    Raises InvalidInput, NotFound, the credential's errors, LoginBusy and SII's errors at once;
    OutOfTime after the deadline; PeriodsIncomplete or PeriodsUnreadable at the end, where single
    periods could not be read.
    """
    started = time.monotonic()
    company = _company_id(company_id)
    with sessions() as session:
        steps = _steps(_asked_at(session, run_id), months, month_offset)
        login_rut = find_login(session, company, datetime.now(UTC)).login_rut
        engine = session.get_bind().engine
    with one_at_a_time(engine, login_rut):
        with sessions() as session:  # again: the turn before may have found the clave wrong
            login = find_login(session, company, datetime.now(UTC))
        sync = _Sync(sessions, run_id, login, steps, progress, deadline)
        _sync_rest(sync, portal, cipher)
    _raise_failures(sync)
    return _result(sync) | {"duration_seconds": round(time.monotonic() - started, 1)}


def check_range(months: int, month_offset: int = 0) -> None:
    """Raises InvalidInput unless 1 <= `months` <= 12 and `month_offset` >= 0."""
    if not 1 <= months <= MOST_MONTHS:
        raise InvalidInput(f"months must be 1 to {MOST_MONTHS}, not {months}.", "months")
    if month_offset < 0:
        raise InvalidInput(f"month_offset must not be negative: {month_offset}.", "month_offset")


def _company_id(value: UUID | str) -> UUID:
    try:
        return value if isinstance(value, UUID) else UUID(value)
    except ValueError:
        raise InvalidInput("company_id is no UUID.", "company_id") from None


def _asked_at(session: Session, run_id: UUID) -> datetime:
    """Returns when the run was asked for: an attempt after midnight must mean the same months."""
    run = session.get(Run, run_id)
    return datetime.now(UTC) if run is None else run.queued_at


def _steps(asked_at: datetime, months: int, month_offset: int) -> list[Step]:
    check_range(months, month_offset)
    last = current_period(asked_at).shift(-month_offset)
    return [(period, direction) for period in months_back(last, months) for direction in Direction]


def _sync_rest(sync: _Sync, portal: Portal, cipher: Decrypter) -> None:
    """Reads what no earlier attempt of this run has committed."""
    done = {(mark.period, mark.direction) for mark in _checkpoints(sync)}
    rest = [step for step in sync.steps if (str(step[0]), step[1]) not in done]
    if not rest:
        return
    count, total = len(sync.steps) - len(rest), len(sync.steps)
    sync.progress(count, total, "login")
    with _session(sync, portal, cipher) as session:
        for step in rest:
            if time.monotonic() > sync.deadline:
                raise OutOfTime()
            sync.progress(count, total, f"{step[0]} {step[1]}")
            count += _sync_step(sync, session, step)
    sync.progress(count, total, "incomplete" if sync.failures else "done")


@contextmanager
def _session(sync: _Sync, portal: Portal, cipher: Decrypter) -> Iterator[PortalSession]:
    """Logs in, and keeps what SII thinks of the credential."""
    login = sync.login
    try:
        with portal.open_session(login.login_rut, cipher.decrypt(login.secret)) as session:
            record_success(sync.sessions, login)
            yield session
    except (InvalidCredentials, CredentialsBlocked) as refusal:
        record_refusal(sync.sessions, cipher, login, refusal)
        raise


def _sync_step(sync: _Sync, session: PortalSession, step: Step) -> bool:
    """Returns whether the step is stored; its own failure is kept, the other steps go on."""
    try:
        reading = _read_complete(session, sync.login.company_rut, step)
    except (UnexpectedAnswer, IncompleteAnswer) as error:
        sync.failures[step] = error
        return False
    with sync.sessions.begin() as transaction:
        store_reading(transaction, sync.run_id, sync.login.company_id, reading)
    return True


def _read_complete(session: PortalSession, company_rut: str, step: Step) -> RegisterReading:
    reading = session.read_register(company_rut, *step)
    try:
        reading.check_complete()
    except IncompleteAnswer:
        # A document may arrive between a summary and its rows: one more look settles that.
        reading = session.read_register(company_rut, *step)
        reading.check_complete()
    return reading


def _raise_failures(sync: _Sync) -> None:
    if not sync.failures:
        return
    named = ", ".join(
        f"{period} {direction} ({error.code})"
        for (period, direction), error in sync.failures.items()
    )
    message = f"{len(sync.failures)} of {len(sync.steps)} registers are not stored: {named}."
    if any(isinstance(error, TransientError) for error in sync.failures.values()):
        raise PeriodsIncomplete(message)
    raise PeriodsUnreadable(message)


def _checkpoints(sync: _Sync) -> list[SyncCheckpoint]:
    with sync.sessions() as session:
        return list(
            session.scalars(select(SyncCheckpoint).where(SyncCheckpoint.run_id == sync.run_id))
        )


def _result(sync: _Sync) -> dict[str, Any]:
    marks = _checkpoints(sync)
    return {
        "company_id": str(sync.login.company_id),
        "session_id": None,  # no session outlives its run
        "compras": _counts(marks, Direction.PURCHASE),
        "ventas": _counts(marks, Direction.SALE),
        "honorarios": _counts([], None),  # another register of SII's, not read yet
        "errors": 0,  # a run with errors does not end with a result
        "error_details": [],
    }


def _counts(marks: list[SyncCheckpoint], direction: Direction | None) -> dict[str, int]:
    chosen = [mark for mark in marks if mark.direction == direction]
    return {
        "total": sum(mark.total for mark in chosen),
        "nuevos": sum(mark.created for mark in chosen),
        "actualizados": sum(mark.updated for mark in chosen),
    }
