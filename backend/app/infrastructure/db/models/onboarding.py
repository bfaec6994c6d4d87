"""A company's way from its first login to its first documents."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import ForeignKey, func, text
from sqlalchemy.orm import Mapped, mapped_column

from app.infrastructure.db.models.base import Base


class Onboarding(Base):
    """One per company. Its steps are runs whose ids follow from its id: services/onboarding.py."""

    __tablename__ = "onboardings"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    company_id: Mapped[UUID] = mapped_column(ForeignKey("companies.id"), unique=True)
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    is_new_company: Mapped[bool] = mapped_column(server_default=text("true"))
    tries: Mapped[int] = mapped_column(server_default="1")  # raised by a new credential
    started_at: Mapped[datetime] = mapped_column(server_default=func.now())
    finished_at: Mapped[datetime | None]
