"""Engine and sessions. Created on first use in each process, never before a fork."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from sqlalchemy import CursorResult, Engine, Executable, create_engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.orm import Session, sessionmaker

from app.settings import get_settings

# libpq. A host that vanished without a word is noticed after half a minute, not after hours, on
# either side: the server gives back the locks of a client that is gone (beat's, a login's turn).
# Every statement is planned anew: psycopg prepares what comes often, and Postgres would keep the
# plan that it made while a table was still empty (benchmarks/calendar.py).
CONNECTION: dict[str, Any] = {
    "connect_timeout": 2,  # s
    "keepalives_idle": 10,  # s
    "keepalives_interval": 5,  # s
    "keepalives_count": 4,
    "tcp_user_timeout": 30_000,  # ms
    "options": "-c timezone=UTC -c plan_cache_mode=force_custom_plan"
    " -c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=4",
}


@lru_cache(maxsize=1)
def get_engine() -> Engine:
    """Returns this process's engine. Every connection speaks UTC and gives up connecting in 2 s."""
    engine = create_engine(
        get_settings().require("database_url"),
        pool_size=2,  # a worker's child needs one; the API's threads may borrow up to twelve
        max_overflow=10,
        pool_pre_ping=True,
        pool_recycle=1800,
        hide_parameters=True,  # an error's text must not carry what was stored
        connect_args=CONNECTION,
    )
    event.listen(engine, "handle_error", _hide_row)
    return engine


def _hide_row(context: ExceptionContext) -> None:
    """Postgres quotes the row at fault, a secret or a person's RUT in it, and errors are logged."""
    for error in (context.original_exception, context.sqlalchemy_exception):
        if error is not None and error.args and isinstance(error.args[0], str):
            error.args = (error.args[0].partition("\nDETAIL:")[0], *error.args[1:])


def forget_inherited_connections() -> None:
    """Drops what a fork copied, without closing the parent's sockets."""
    if get_engine.cache_info().currsize:
        get_engine().dispose(close=False)
        get_engine.cache_clear()


def get_session_factory() -> sessionmaker[Session]:
    """Returns a factory of sessions; `factory.begin()` commits at the end, rolls back on error."""
    return sessionmaker(get_engine(), expire_on_commit=False)


@contextmanager
def on_one_connection(sessions: sessionmaker[Session]) -> Iterator[sessionmaker[Session]]:
    """Yields a factory whose sessions take turns on one connection: for one thread, and for many
    short transactions in a row, which need not ask each time whether the server is there."""
    with sessions.kw["bind"].connect() as connection:
        yield sessionmaker(connection, expire_on_commit=False)


def rows_changed(session: Session, statement: Executable, **options: Any) -> int:
    """Executes a statement that changes rows; returns how many. `options` as of `execute`."""
    result = session.execute(statement, **options)
    assert isinstance(result, CursorResult)  # noqa: S101 (mypy)
    return result.rowcount


@contextmanager
def session_scope() -> Iterator[Session]:
    """Yields a session; commits at the end, rolls back on any error."""
    with get_session_factory().begin() as session:
        yield session
