"""Migrations: run them, and wait until somebody has, or until there is a Postgres at all.

Revision ids are zero-padded numbers, so that "newer" is a comparison of text: a database that is
newer than the code is fine, which is what lets a rollback start.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

from app.errors import ConfigurationError, DatabaseUnavailable
from app.infrastructure.certificates import certificate_fault

if TYPE_CHECKING:
    from sqlalchemy import Connection

MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK = 7_262_510_001  # any fixed number: one migration at a time, whoever starts it


def head_revision() -> str:
    """Returns the newest revision that this code knows, e.g. '0001'."""
    return max(path.name.split("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def database_revision(url: str) -> str | None:
    """Returns the revision of the database at `url`, None where it has no schema yet.

    Raises psycopg.OperationalError where the database does not answer, ConfigurationError.
    """
    with _connect(url) as connection:
        found = connection.execute("SELECT to_regclass('alembic_version')").fetchone()
        if found is None or found[0] is None:
            return None
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        return row[0] if row else None


def wait_for_schema(url: str, timeout: float, tell: Callable[[str], None]) -> bool:
    """Returns True once the schema is as new as this code, False after `timeout` seconds.

    `tell` hears one sentence each time the reason for waiting changes.
    """
    return _wait(lambda: _reason_to_wait(url), timeout, tell) is None


def wait_for_postgres(url: str, timeout: float, tell: Callable[[str], None]) -> None:
    """Returns once Postgres answers; `tell` as for `wait_for_schema`.

    Raises DatabaseUnavailable, naming host and port, after `timeout` seconds.
    """
    where = _address(url)
    reason = _wait(
        lambda: _refusal(url), timeout, lambda reason: tell(f"waiting for {where}: {reason}")
    )
    if reason is not None:
        raise DatabaseUnavailable(
            f"{where} does not answer after {timeout:g} s: {reason}; check that it runs, that"
            " DATABASE_URL names it and that it can be reached from here."
        )


def _wait(
    reason_to_wait: Callable[[], str | None], timeout: float, tell: Callable[[str], None]
) -> str | None:
    """Returns None once there is no reason to wait any more, else the last one in time."""
    deadline = time.monotonic() + timeout
    told = None
    while True:
        reason = reason_to_wait()
        if reason is None:
            return None
        if reason != told:
            tell(reason)
            told = reason
        if time.monotonic() > deadline:
            return reason
        time.sleep(0.5)


def _reason_to_wait(url: str) -> str | None:
    try:
        revision = database_revision(url)
    except psycopg.OperationalError as error:
        if fault := certificate_fault(error):
            return f"waiting for the database: {fault}"
        return "waiting for the database to answer"
    if revision is None:
        return f"waiting for the schema: the database has none yet, {head_revision()} is needed"
    if revision < head_revision():
        return f"waiting for the schema: the database is at {revision}, {head_revision()} is needed"
    return None


def _refusal(url: str) -> str | None:
    try:
        _connect(url).close()
    except psycopg.OperationalError as error:
        return str(error).partition("\n")[0].removeprefix("connection failed: ")
    return None


def _connect(url: str) -> psycopg.Connection[tuple[Any, ...]]:
    # psycopg alone, not SQLAlchemy: this runs before every start and must cost little.
    try:
        return psycopg.connect(libpq_url(url), connect_timeout=2)
    except psycopg.ProgrammingError:
        # Its own text quotes the URL, with the password.
        raise ConfigurationError(
            "DATABASE_URL is malformed; write it like postgresql://user:password@host:5432/name."
        ) from None


def _address(url: str) -> str:
    named = psycopg.conninfo.conninfo_to_dict(libpq_url(url))
    return f"Postgres at {named.get('host', 'localhost')}:{named.get('port', 5432)}"


def migrate(url: str, *, seed: Callable[[], object] = lambda: None) -> str:
    """Brings the database to the head revision, makes beat's tables and calls `seed`.

    A database that is newer than this code is left alone, without `seed`: an older release that
    is rolled back to runs its migration again. Returns the revision that the database is at.
    """
    from sqlalchemy import create_engine, text

    from app.infrastructure.db.session import CONNECTION

    # CONNECTION: the lock of a migration whose machine vanished is given back in half a minute.
    engine = create_engine(url, hide_parameters=True, connect_args=CONNECTION)
    with engine.connect() as connection:
        # Held by the session, so that it covers every transaction of the migration.
        connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": _LOCK})
        connection.commit()
        revision = _upgrade(connection)
        if revision == head_revision():
            seed()
    engine.dispose()
    return revision


def _upgrade(connection: "Connection") -> str:
    from alembic import command
    from alembic.config import Config
    from alembic.migration import MigrationContext
    from sqlalchemy_celery_beat.session import ModelBase

    revision = MigrationContext.configure(connection).get_current_revision()
    connection.commit()
    if revision is not None and revision > head_revision():
        return revision
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    # Beat's tables belong to its library; they are left out of `alembic check` by name.
    translated = connection.execution_options(schema_translate_map={"celery_schema": None})
    ModelBase.metadata.create_all(translated)
    connection.commit()
    return head_revision()


def libpq_url(url: str) -> str:
    """Returns a SQLAlchemy URL as psycopg itself takes it."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)
