"""What the assistant knows of people and companies, and where Mem0 keeps it."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import String, Text, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from app.infrastructure.db.models.base import Base


class Memory(Base):
    """One fact about one owner under one slug, and its id in Mem0."""

    __tablename__ = "memories"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    owner_type: Mapped[str] = mapped_column(String(8))  # user, company
    owner_id: Mapped[UUID]
    slug: Mapped[str] = mapped_column(String(120))
    category: Mapped[str] = mapped_column(String(60))
    content: Mapped[str] = mapped_column(Text)
    content_hash: Mapped[str] = mapped_column(String(64))  # sha256 of category and content
    store: Mapped[str] = mapped_column(String(16))  # which Mem0 `mem0_id` belongs to
    mem0_id: Mapped[str | None]
    state: Mapped[str] = mapped_column(String(8), server_default="pending")
    # pending (may or may not be in Mem0: ask by its slug), accepted (Mem0 will store it in a
    # while), stored, deleting (its content is gone here, not yet in Mem0)
    written_by: Mapped[UUID | None]  # the run that last changed it
    change: Mapped[str] = mapped_column(String(8), server_default="created")
    # what that run did: created, updated
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (UniqueConstraint("owner_type", "owner_id", "slug", name="uq_memories_slug"),)
