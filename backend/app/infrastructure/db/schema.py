"""Migrations: run them, and wait until somebody has.

Revision ids are zero-padded numbers, so that "newer" is a comparison of text: a database that is
newer than the code is fine, which is what lets a rollback start.
"""

import time
from collections.abc import Callable
from pathlib import Path

import psycopg

MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK = 7_262_510_001  # any fixed number: one migration at a time, whoever starts it


def head_revision() -> str:
    """Returns the newest revision that this code knows, e.g. '0001'."""
    return max(path.name.split("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def database_revision(url: str) -> str | None:
    """Returns the revision of the database at `url`, None where it has no schema yet.

    Raises psycopg.OperationalError where the database does not answer.
    """
    # psycopg alone, not SQLAlchemy: this runs before every start and must cost little.
    with psycopg.connect(libpq_url(url), connect_timeout=2) as connection:
        found = connection.execute("SELECT to_regclass('alembic_version')").fetchone()
        if found is None or found[0] is None:
            return None
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        return row[0] if row else None


def wait_for_schema(url: str, timeout: float, tell: Callable[[str], None]) -> bool:
    """Returns True once the schema is as new as this code, False after `timeout` seconds.

    `tell` hears one sentence each time the reason for waiting changes.
    """
    deadline = time.monotonic() + timeout
    told = None
    while True:
        reason = _reason_to_wait(url)
        if reason is None:
            return True
        if reason != told:
            tell(reason)
            told = reason
        if time.monotonic() > deadline:
            return False
        time.sleep(0.5)


def _reason_to_wait(url: str) -> str | None:
    try:
        revision = database_revision(url)
    except psycopg.OperationalError:
        return "waiting for the database to answer"
    if revision is None:
        return f"waiting for the schema: the database has none yet, {head_revision()} is needed"
    if revision < head_revision():
        return f"waiting for the schema: the database is at {revision}, {head_revision()} is needed"
    return None


def migrate(url: str) -> str:
    """Brings the database to the head revision and makes beat's tables. Returns the revision."""
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import create_engine, text
    from sqlalchemy_celery_beat.session import ModelBase

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    engine = create_engine(url)
    with engine.connect() as connection:
        # Held by the session, so that it covers every transaction of the migration.
        connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": _LOCK})
        connection.commit()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        # Beat's tables belong to its library; they are left out of `alembic check` by name.
        translated = connection.execution_options(schema_translate_map={"celery_schema": None})
        ModelBase.metadata.create_all(translated)
        connection.commit()
    engine.dispose()
    return head_revision()


def libpq_url(url: str) -> str:
    """Returns a SQLAlchemy URL as psycopg itself takes it."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)
