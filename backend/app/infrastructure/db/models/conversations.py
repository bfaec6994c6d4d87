"""The assistant's WhatsApp conversations."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Text, func
from sqlalchemy.orm import Mapped, mapped_column

from app.infrastructure.db.models.base import Base


class AgentSession(Base):
    """A WhatsApp conversation of the assistant, in the tables of openai-agents' SQLAlchemySession.

    Names as of openai-agents 0.24. Times carry a zone here, other than there: CURRENT_TIMESTAMP
    then means the same in each session's own time zone.
    """

    __tablename__ = "agent_sessions"

    session_id: Mapped[str] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.current_timestamp())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.current_timestamp())


class AgentMessage(Base):
    """One item of such a conversation, as JSON."""

    __tablename__ = "agent_messages"

    id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[str] = mapped_column(
        ForeignKey("agent_sessions.session_id", ondelete="CASCADE")
    )
    message_data: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(server_default=func.current_timestamp())

    __table_args__ = (Index("idx_agent_messages_session_time", "session_id", "created_at"),)
