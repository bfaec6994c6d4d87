"""Brings a company's purchases, sales, boletas and honorarios into step with SII."""

import logging
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.domain.identity import rut_of_taxpayer
from app.domain.periods import Period, current_period, months_back
from app.domain.registers import Register
from app.errors import (
    ExportNotReady,
    ExportOverdue,
    FiscalError,
    IncompleteAnswer,
    InvalidInput,
    OutOfTime,
    PeriodsIncomplete,
    PeriodsUnreadable,
    TransientError,
    UnexpectedAnswer,
)
from app.infrastructure.db.models import Run, SyncCheckpoint
from app.services.attempts import Attempt
from app.services.register_exports import not_yet
from app.services.register_sync import Portal, PortalSession, Step, Target
from app.services.runs import Progress
from app.services.sii_logins import Decrypter, Login, entered, turn_of

MOST_MONTHS = 12

# Stores what the portal says of a company, in a transaction that holds the attempt.
Learn = Callable[[Attempt, UUID, Mapping[str, Any]], None]

logger = logging.getLogger(__name__)


@dataclass
class _Sync:
    target: Target
    steps: list[Step]
    progress: Progress
    learn: Learn
    deadline: float
    done: set[Step] = field(default_factory=set)
    failures: dict[Step, FiscalError] = field(default_factory=dict)


def sync_documents(
    sessions: sessionmaker[Session],
    portal: Portal,
    cipher: Decrypter,
    *,
    attempt: Attempt,
    company_id: UUID | str,
    months: int = 1,
    month_offset: int = 0,
    progress: Progress,
    learn: Learn = lambda *_: None,
    deadline: float = math.inf,
) -> dict[str, Any]:
    """Syncs the `months` periods that end `month_offset` months before the run was asked for.

    Each register of a period is committed with its checkpoint; a later attempt of the same run
    goes on after the last one. After `deadline`, a value of time.monotonic(), no further one is
    begun. What the portal says of the company itself goes to `learn`, once per login.
    Returns counts (`total`, `nuevos`, `actualizados`) per register.

    Raises RunTakenOver where a later attempt has begun; InvalidInput, NotFound, the credential's
    errors, LoginBusy and SII's errors at once; OutOfTime after the deadline; at the end, where
    single registers could not be read: ExportNotReady or ExportOverdue where SII has yet to finish
    their files, and nothing else is wrong, PeriodsIncomplete or PeriodsUnreadable.
    """
    started = time.monotonic()
    company = _company_id(company_id)
    with sessions() as session:
        current = current_period(_asked_at(session, attempt.run_id))
    steps = _steps(current, months, month_offset)
    with turn_of(sessions, company) as login:
        target = Target(sessions, attempt, login.company_id, login.company_rut, current)
        sync = _Sync(target, steps, progress, learn, deadline)
        _sync_rest(sync, login, portal, cipher)
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


def _steps(current: Period, months: int, month_offset: int) -> list[Step]:
    check_range(months, month_offset)
    last = current.shift(-month_offset)
    return [(period, register) for period in months_back(last, months) for register in Register]


def _sync_rest(sync: _Sync, login: Login, portal: Portal, cipher: Decrypter) -> None:
    """Reads what no earlier attempt of this run has committed."""
    marks = {(mark.period, mark.direction) for mark in _checkpoints(sync)}
    sync.done = {step for step in sync.steps if (str(step[0]), str(step[1])) in marks}
    rest = [step for step in sync.steps if step not in sync.done]
    with sync.target.sessions() as transaction:
        sync.failures.update(not_yet(transaction, sync.target.company_id, rest))
    rest = [step for step in rest if step not in sync.failures]
    if not rest:
        return
    _report(sync, "login")
    with entered(sync.target.sessions, cipher, login, portal.open_session) as session:
        _learn(sync, session)
        _sync_steps(sync, session, rest)
        # SII needs seconds for most files: by now they may be there.
        _sync_steps(sync, session, [step for step in rest if _is_not_ready(sync, step)])
    _report(sync, "incomplete" if sync.failures else "done")


def _report(sync: _Sync, detail: str) -> None:
    sync.progress(len(sync.done), len(sync.steps), detail)


def _learn(sync: _Sync, session: PortalSession) -> None:
    """The company's facts are welcome; no register goes unread for want of them."""
    try:
        facts = session.read_taxpayer()
    except FiscalError as error:
        logger.warning("the portal's home page was not understood: %s", error)
        return
    target = sync.target
    if rut_of_taxpayer(facts) == target.company_rut:  # not those of a representative
        sync.learn(target.attempt, target.company_id, facts)


def _sync_steps(sync: _Sync, session: PortalSession, steps: list[Step]) -> None:
    for step in steps:
        if time.monotonic() > sync.deadline:
            raise OutOfTime()
        _report(sync, f"{step[0]} {step[1]}")
        _sync_step(sync, session, step)


def _is_not_ready(sync: _Sync, step: Step) -> bool:
    return isinstance(sync.failures.get(step), ExportNotReady)


def _sync_step(sync: _Sync, session: PortalSession, step: Step) -> None:
    """Stores the step; its own failure is kept, the other steps go on."""
    try:
        sync.target.sync(session, step, sync.done)
    except (UnexpectedAnswer, IncompleteAnswer, ExportNotReady, ExportOverdue) as error:
        sync.failures[step] = error
    else:
        sync.done.add(step)
        sync.failures.pop(step, None)


def _raise_failures(sync: _Sync) -> None:
    if not sync.failures:
        return
    named = ", ".join(
        f"{period} {register} ({error.code})" for (period, register), error in sync.failures.items()
    )
    message = f"{len(sync.failures)} of {len(sync.steps)} registers are not stored: {named}."
    _raise_if_late(message, list(sync.failures.values()))
    if any(isinstance(error, TransientError) for error in sync.failures.values()):
        raise PeriodsIncomplete(message)
    raise PeriodsUnreadable(message)


def _raise_if_late(message: str, failures: list[FiscalError]) -> None:
    """Raises where all that is wrong is that SII has yet to finish files."""
    late = [one for one in failures if isinstance(one, ExportNotReady | ExportOverdue)]
    if len(late) < len(failures):
        return
    is_overdue = any(isinstance(one, ExportOverdue) for one in late)
    error = ExportOverdue(message) if is_overdue else ExportNotReady(message)
    error.retry_after = min(one.retry_after or 0 for one in late)
    raise error


def _checkpoints(sync: _Sync) -> list[SyncCheckpoint]:
    run_id = sync.target.attempt.run_id
    with sync.target.sessions() as session:
        return list(session.scalars(select(SyncCheckpoint).filter_by(run_id=run_id)))


def _result(sync: _Sync) -> dict[str, Any]:
    marks = _checkpoints(sync)
    return {
        "company_id": str(sync.target.company_id),
        "session_id": None,  # sessions have no ids here
        "compras": _counts(marks, Register.PURCHASE),
        "ventas": _counts(marks, Register.SALE),
        "boletas": _counts(marks, Register.BOLETAS),  # days with some, per type
        "honorarios": _counts(marks, Register.FEES),
        "errors": 0,  # a run with errors does not end with a result
        "error_details": [],
    }


def _counts(marks: list[SyncCheckpoint], register: Register) -> dict[str, int]:
    chosen = [mark for mark in marks if mark.direction == register]
    return {
        "total": sum(mark.total for mark in chosen),
        "nuevos": sum(mark.created for mark in chosen),
        "actualizados": sum(mark.updated for mark in chosen),
    }
