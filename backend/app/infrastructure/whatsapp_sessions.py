"""Which store the assistant's conversations are in."""

from app.infrastructure.whatsapp_sessions_postgres import PostgresSessionStore
from app.infrastructure.whatsapp_sessions_sqlite import SqliteSessionStore
from app.services.whatsapp_sessions import SessionStore
from app.settings import Settings


def open_store(settings: Settings) -> SessionStore:
    """Returns the SQLite file that WHATSAPP_SESSIONS_PATH names, else the tables in Postgres.

    Raises ConfigurationError without either.
    """
    if settings.whatsapp_sessions_path is not None:
        return SqliteSessionStore(settings.whatsapp_sessions_path)
    settings.require("database_url")
    return PostgresSessionStore()
