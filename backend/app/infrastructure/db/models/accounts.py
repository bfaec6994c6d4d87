"""Who may open the operations page, who is signed in, and who has tried."""

from datetime import datetime

from sqlalchemy import ForeignKey, SmallInteger, String, func
from sqlalchemy.orm import Mapped, mapped_column

from app.infrastructure.db.models.base import Base


class Account(Base):
    """A person of our own team. `password_hash` is argon2id in PHC form."""

    __tablename__ = "accounts"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    role: Mapped[str] = mapped_column(String(8))  # viewer, operator
    password_hash: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class AccountSession(Base):
    """A browser that is signed in. Its cookie's token is known by its SHA-256 alone."""

    __tablename__ = "account_sessions"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    account: Mapped[str] = mapped_column(
        ForeignKey("accounts.name", ondelete="CASCADE"), index=True
    )
    expires_at: Mapped[datetime] = mapped_column(index=True)


class SignInTry(Base):
    """How often a name was tried from an address since `begun_at`, without success."""

    __tablename__ = "sign_in_tries"

    name_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    # hashed: people type passwords into the wrong field
    address: Mapped[str] = mapped_column(String(64), primary_key=True)
    tries: Mapped[int] = mapped_column(SmallInteger)
    begun_at: Mapped[datetime] = mapped_column(index=True)
