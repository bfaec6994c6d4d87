"""Alembic's entry. The connection comes from app.infrastructure.db.schema, or from settings."""

from alembic import context
from sqlalchemy import create_engine
from sqlalchemy.engine import Connection
from sqlalchemy.pool import NullPool
from sqlalchemy_celery_beat import models as _beat_models  # noqa: F401  (fills ModelBase)
from sqlalchemy_celery_beat.session import ModelBase

from app.infrastructure.db.models import Base
from app.settings import get_settings

MEM0_TABLES = "mem0_"  # Mem0 makes them itself, one per kind of vector (infrastructure/mem0)
BEAT_TABLES = {table.name for table in ModelBase.metadata.tables.values()}


def _is_ours(name: str | None, kind: str, _parent: object) -> bool:
    foreign = name in BEAT_TABLES or (name or "").startswith(MEM0_TABLES)
    return kind != "table" or not foreign


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        include_name=_is_ours,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    _run(given)
else:
    with create_engine(get_settings().require("database_url"), poolclass=NullPool).connect() as own:
        _run(own)
