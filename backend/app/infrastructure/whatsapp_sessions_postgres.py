"""The tables in Postgres in which the assistant (openai-agents' SQLAlchemySession) keeps
conversations: agent_sessions and agent_messages (app.infrastructure.db.models).

SQLAlchemySession locks its row of agent_sessions before it writes. A row that somebody holds is
skipped, and one that was used since the statement began is looked at again by Postgres once it is
locked: a conversation that goes on is not deleted under the assistant's hands.
"""

from sqlalchemy import text

from app.infrastructure.db.session import get_engine
from app.services.whatsapp_sessions import Deleted

BATCH = 500  # sessions per transaction

# The cutoff is the database's own clock; seconds are compared as numbers, which never overflow.
_DELETE_SILENT = text("""
    WITH silent AS (
        SELECT session_id FROM agent_sessions
        WHERE extract(epoch FROM now() - updated_at) > :seconds
        LIMIT :batch FOR UPDATE SKIP LOCKED
    ), messages AS (
        DELETE FROM agent_messages USING silent
        WHERE agent_messages.session_id = silent.session_id RETURNING 1
    ), sessions AS (
        DELETE FROM agent_sessions USING silent
        WHERE agent_sessions.session_id = silent.session_id RETURNING 1
    )
    SELECT (SELECT count(*) FROM sessions), (SELECT count(*) FROM messages)
""")


class PostgresSessionStore:
    """A SessionStore on the product's own database, shared with the processes that talk."""

    def __init__(self, *, batch: int = BATCH) -> None:
        self.batch = batch

    def delete_silent_since(self, hours: float) -> Deleted:
        """As SessionStore says; orphan messages cannot exist here. Raises SQLAlchemy's errors."""
        sessions = messages = 0
        while True:
            with get_engine().begin() as connection:
                chosen = {"seconds": hours * 3600, "batch": self.batch}
                found, their_messages = connection.execute(_DELETE_SILENT, chosen).one()
            sessions += found
            messages += their_messages
            if found < self.batch:
                return Deleted(sessions, messages)
