"""Celery's result backend is the table `runs`: each change of state that Celery reports, from
a worker's child or from its parent, becomes one statement there, and nothing is stored twice.

The results must not live in the broker's Redis: a run that is cancelled at a connection loss is
lost for good when its state cannot be written (celery 5.7, worker/request.py, `on_retry`).
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from celery import states
from celery.backends.base import BaseBackend
from celery.exceptions import (
    SoftTimeLimitExceeded,
    TaskRevokedError,
    TimeLimitExceeded,
    WorkerLostError,
)
from sqlalchemy import (
    ColumnElement,
    Connection,
    Executable,
    case,
    delete,
    func,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.dml import ReturningInsert

from app import errors
from app.infrastructure.celery.outages import AWAY, record
from app.infrastructure.db.models import Run
from app.infrastructure.db.session import get_engine, get_session_factory
from app.services.attempts import Attempt
from app.services.retention import Ages, clean_up
from app.settings import get_settings

log = logging.getLogger(__name__)

STATES = {
    states.STARTED: "running",
    states.RETRY: "retrying",
    states.SUCCESS: "succeeded",
    states.FAILURE: "failed",
    states.REVOKED: "revoked",
}
_CELERY_STATES = {ours: celerys for celerys, ours in STATES.items()} | {
    "queued": states.PENDING,
    "expired": states.REVOKED,
    "superseded": states.REVOKED,
}
_INTERRUPTIONS = (SoftTimeLimitExceeded, TimeLimitExceeded, WorkerLostError)


class RunLedger(BaseBackend):
    """Stores states and results of runs in Postgres. A finished run never changes again."""

    def store_result(
        self,
        task_id: str,
        result: Any,
        state: str,
        traceback: str | None = None,  # noqa: ARG002 (in the log, not in the row)
        request: Any = None,
        **_: Any,
    ) -> Any:
        """Writes one change of state, as `outages.record` says where Postgres is down."""
        run_id = UUID(task_id)
        if state == states.STARTED:
            record(state, lambda: self._begin(run_id, request))
        else:
            record(state, lambda: _execute(_change(run_id, state, result, request)))
        return result

    def _begin(self, run_id: UUID, request: Any) -> None:
        """Marks the run as running and tells the request which attempt it is.

        `attempt` stays None where the run has ended: the message is another copy of its own.
        """
        with _autocommit() as connection:
            row = connection.execute(_start(run_id, request)).one_or_none()
        request.attempt, request.crashes = row or (None, 0)

    def stopped(self, attempt: Attempt) -> None:
        """Marks a run as queued again whose process was told to stop: that is no crash."""
        mine = (Run.id == attempt.run_id, Run.attempts == attempt.number, Run.state == "running")
        with suppress(*AWAY):  # the next start counts a crash too many, of five in a row
            _execute(update(Run).where(*mine).values(state="queued"))

    def _get_task_meta_for(self, task_id: str) -> dict[str, Any]:
        with get_engine().connect() as connection:
            row = connection.execute(select(Run.__table__).where(Run.id == UUID(task_id))).first()
        if row is None:
            return {"status": states.PENDING, "result": None}
        return {
            "task_id": task_id,
            "status": _CELERY_STATES[row.state],
            "result": _error(row) if row.error_code and not row.result else row.result,
            "traceback": None,  # it stands in the log, under the run's id
            "date_done": row.finished_at,
            "children": [],
        }

    def _forget(self, task_id: str) -> None:
        _execute(delete(Run).where(Run.id == UUID(task_id)))

    def cleanup(self) -> None:
        """Deletes what is old enough (task celery.backend_cleanup, each night)."""
        settings = get_settings()
        ages = Ages(
            runs=timedelta(seconds=self.expires),
            notifications=timedelta(days=settings.keep_notifications_days),
            history=timedelta(days=settings.keep_history_days),
        )
        log.info("cleaned up: %s", clean_up(get_session_factory(), ages))


@contextmanager
def _autocommit() -> Iterator[Connection]:
    # One statement, one round trip.
    with get_engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        yield connection


def _execute(statement: Executable) -> None:
    with _autocommit() as connection:
        connection.execute(statement)


def _start(run_id: UUID, request: Any) -> ReturningInsert[tuple[int, int]]:
    """The row exists where our own code asked for the run; `celery call` leaves it to us."""
    known = _described(request)
    statement = insert(Run).values(
        id=run_id,
        state="running",
        attempts=1,
        started_at=func.clock_timestamp(),
        first_started_at=func.clock_timestamp(),
        **known,
        **_published(request),
    )
    # Nobody has told how the last attempt ended: its worker died.
    died = case((Run.state == "running", 1), else_=0)
    return statement.on_conflict_do_update(
        index_elements=[Run.id],
        set_={
            "state": "running",
            "attempts": Run.attempts + 1,
            "crashes": Run.crashes + died,
            "deaths": Run.deaths + died,
            "started_at": func.clock_timestamp(),
            "first_started_at": func.coalesce(Run.first_started_at, func.clock_timestamp()),
            "queue": known.get("queue"),
            "worker": known.get("worker"),
        },
        where=Run.finished_at.is_(None),
    ).returning(Run.attempts, Run.crashes)


def _described(request: Any) -> dict[str, Any]:
    kwargs = request.kwargs if isinstance(request.kwargs, dict) else {}
    return _known(request) | {"company_id": _uuid(kwargs.get("company_id")), "kwargs": kwargs}


def _published(request: Any) -> dict[str, Any]:
    """The time of publishing, from the header that lifecycle.py adds."""
    at = request.get("queued_at")
    return {"queued_at": datetime.fromisoformat(at)} if at else {}


def _change(run_id: UUID, state: str, result: Any, request: Any) -> Executable:
    values = _values(state, result)
    mine = Run.finished_at.is_(None) & _is_its_own(request)
    if state == states.SUCCESS or request is None:
        return update(Run).where(Run.id == run_id, mine).values(values)
    # A run may end before it started (unknown task, expired, revoked): it gets its row here.
    statement = insert(Run).values(id=run_id, **values, **_known(request))
    if state == states.RETRY:
        values["retries"] = Run.retries + 1
    return statement.on_conflict_do_update(index_elements=[Run.id], set_=values, where=mine)


def _values(state: str, result: Any) -> dict[str, Any]:
    values: dict[str, Any] = {"state": STATES[state]}
    if isinstance(result, TaskRevokedError) and str(result) == "expired":
        values["state"] = "expired"
    elif isinstance(result, BaseException):
        values |= described_error(result)
    elif state == states.SUCCESS:
        values |= {"result": result, "error_code": None, "error_kind": None, "error_message": None}
    if state in states.READY_STATES:
        values["finished_at"] = func.clock_timestamp()
    elif state == states.RETRY:
        values["crashes"] = 0  # somebody lived to tell
    return values


def _is_its_own(request: Any) -> ColumnElement[bool]:
    """Whether the attempt that `request` speaks for is still the one that counts.

    A child knows its number. Its parent does not, and speaks for what runs on its own node.
    """
    attempt: int | None = getattr(request, "attempt", None)
    if attempt is not None:
        return Run.attempts == attempt
    node = getattr(request, "hostname", None)
    return or_(Run.state != "running", Run.worker == node) if node else true()


def _known(request: Any) -> dict[str, Any]:
    """What a child's request and a parent's, which is another class, both may know."""
    described = {
        "root_id": _uuid(getattr(request, "root_id", None)),
        "task": getattr(request, "task", None) or getattr(request, "name", None),
        "worker": getattr(request, "hostname", None),
        "queue": (getattr(request, "delivery_info", None) or {}).get("routing_key"),
    }
    return {name: value for name, value in described.items() if value is not None}


def described_error(error: BaseException) -> dict[str, Any]:
    """Returns the three error columns for `error`."""
    if isinstance(error, errors.FiscalError):
        kind = "transient" if isinstance(error, errors.TransientError) else "permanent"
        return {"error_code": error.code, "error_kind": kind, "error_message": error.message}
    kind = "transient" if isinstance(error, _INTERRUPTIONS) else "permanent"
    return {
        "error_code": errors.code_of(type(error)),
        "error_kind": kind,
        # One line: the next ones of a database error are its SQL.
        "error_message": str(error).partition("\n")[0][:500],
    }


def _error(row: Any) -> BaseException:
    return errors.error_of(row.error_code, row.error_message)


def _uuid(value: Any) -> UUID | None:
    try:
        return UUID(str(value)) if value else None
    except ValueError:
        return None  # a malformed id fails in the task, with a sentence; the ledger still records
