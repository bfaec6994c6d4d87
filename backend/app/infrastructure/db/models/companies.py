"""People, companies and their logins at SII."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import ForeignKey, String, func, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.infrastructure.db.models.base import Base


class User(Base):
    """A person who is told about things."""

    __tablename__ = "users"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    email: Mapped[str] = mapped_column(unique=True)
    full_name: Mapped[str]
    phone: Mapped[str | None] = mapped_column(String(16))  # E.164
    rut: Mapped[str | None] = mapped_column(String(12))
    time_zone: Mapped[str] = mapped_column(server_default="America/Santiago")


class Company(Base):
    """A taxpayer whose books we keep in step with SII."""

    __tablename__ = "companies"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    rut: Mapped[str] = mapped_column(String(12), unique=True)
    business_name: Mapped[str]
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    credential: Mapped["SiiCredential | None"] = relationship(
        back_populates="company", cascade="all, delete-orphan"
    )


class Membership(Base):
    """A user's place in a company."""

    __tablename__ = "memberships"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), primary_key=True)
    company_id: Mapped[UUID] = mapped_column(ForeignKey("companies.id"), primary_key=True)
    role: Mapped[str] = mapped_column(String(16), server_default="owner")


class SiiCredential(Base):
    """The login of a company at SII. `secret` is encrypted (MultiFernet)."""

    __tablename__ = "sii_credentials"

    company_id: Mapped[UUID] = mapped_column(ForeignKey("companies.id"), primary_key=True)
    login_rut: Mapped[str] = mapped_column(String(12))
    secret: Mapped[str]
    status: Mapped[str] = mapped_column(String(12), server_default="unproven")
    # unproven, ok, invalid, blocked
    blocked_until: Mapped[datetime | None]
    last_ok_at: Mapped[datetime | None]
    company: Mapped[Company] = relationship(back_populates="credential")
