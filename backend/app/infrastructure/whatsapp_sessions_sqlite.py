"""The SQLite file in which the assistant (openai-agents' SQLiteSession) keeps conversations.

Tables as of openai-agents 0.24: agent_sessions and agent_messages, times as UTC text. The SDK does
not switch foreign keys on, so the cascade that the schema declares never happens: messages are
deleted first, by hand. Other processes write while this runs, hence short transactions.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from app.errors import ConfigurationError, StoreBusy
from app.services.whatsapp_sessions import Deleted

BATCH = 500  # sessions, or orphan messages, per transaction

# What has been silent is decided inside each write transaction, so that a session that somebody
# has just used is not deleted under their hands.
_DELETE_MESSAGES = """
    DELETE FROM agent_messages WHERE session_id IN (
        SELECT session_id FROM agent_sessions WHERE updated_at < :cutoff
        ORDER BY session_id LIMIT :batch
    )
"""
_DELETE_SESSIONS = """
    DELETE FROM agent_sessions WHERE session_id IN (
        SELECT session_id FROM agent_sessions WHERE updated_at < :cutoff
        ORDER BY session_id LIMIT :batch
    )
"""
_DELETE_ORPHANS = """
    DELETE FROM agent_messages WHERE id IN (
        SELECT id FROM agent_messages AS message
        WHERE NOT EXISTS (
            SELECT 1 FROM agent_sessions AS session
            WHERE session.session_id = message.session_id
        ) LIMIT :batch
    )
"""
_COUNT_TABLES = """
    SELECT count(*) FROM sqlite_master
    WHERE type = 'table' AND name IN ('agent_sessions', 'agent_messages')
"""


class SqliteSessionStore:
    """A SessionStore on one SQLite file, shared with the processes that talk."""

    def __init__(self, path: Path, *, patience: float = 30.0, batch: int = BATCH) -> None:
        """`patience` is how many seconds a locked file is waited for."""
        self.path = path
        self.patience = patience
        self.batch = batch

    def delete_silent_since(self, hours: float) -> Deleted:
        """As SessionStore says. Raises ConfigurationError where the file is no such store."""
        if not self.path.exists():
            return Deleted(store_missing=True)
        with self._typed_errors(), closing(self._connect()) as connection:
            if not _has_tables(connection):
                return Deleted(store_missing=True)
            sessions, messages = self._delete_sessions(connection, hours)
            messages += self._delete_orphans(connection)
            # PASSIVE never waits for readers; the -wal file itself belongs to whoever writes.
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        return Deleted(sessions, messages)

    def _connect(self) -> sqlite3.Connection:
        uri = f"{self.path.resolve().as_uri()}?mode=rw"  # rw: never create the file
        return sqlite3.connect(uri, uri=True, timeout=self.patience, isolation_level=None)

    def _delete_sessions(self, connection: sqlite3.Connection, hours: float) -> tuple[int, int]:
        sessions = messages = 0
        while True:
            with _write_transaction(connection):
                (cutoff,) = connection.execute(
                    "SELECT datetime('now', ?)", (f"-{hours * 3600:.3f} seconds",)
                ).fetchone()
                chosen = {"cutoff": cutoff, "batch": self.batch}
                messages += connection.execute(_DELETE_MESSAGES, chosen).rowcount
                found = connection.execute(_DELETE_SESSIONS, chosen).rowcount
            sessions += found
            if found < self.batch:
                return sessions, messages

    def _delete_orphans(self, connection: sqlite3.Connection) -> int:
        messages = 0
        while True:
            with _write_transaction(connection):
                found = connection.execute(_DELETE_ORPHANS, {"batch": self.batch}).rowcount
            messages += found
            if found < self.batch:
                return messages

    @contextmanager
    def _typed_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            name = getattr(error, "sqlite_errorname", "")
            if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
                raise StoreBusy() from error
            raise ConfigurationError(
                f"WHATSAPP_SESSIONS_PATH names {self.path}, which is no session store that can be"
                f" written ({name or error}); name the file of the assistant's SQLiteSession."
            ) from error


def _has_tables(connection: sqlite3.Connection) -> bool:
    return bool(connection.execute(_COUNT_TABLES).fetchone() == (2,))


@contextmanager
def _write_transaction(connection: sqlite3.Connection) -> Iterator[None]:
    # IMMEDIATE takes the write lock at once; a read that turns into a write may not wait for it.
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
