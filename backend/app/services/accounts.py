"""Accounts of the operations page: who may look (viewer), and who may act as well (operator)."""

import re
from collections.abc import Sequence

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.errors import AlreadyExists, InvalidInput, NotFound
from app.infrastructure.db.models import Account, AccountSession
from app.infrastructure.passwords import hash_password, made_password

ROLES = ("viewer", "operator")
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")


def add_account(session: Session, name: str, role: str) -> str:
    """Adds an account and returns its password, which nobody can read again.

    Raises InvalidInput for a name or role that cannot be, AlreadyExists.
    """
    if not _NAME.fullmatch(name):
        raise InvalidInput(
            f"{name!r} is no name for an account; write 1 to 40 of a-z, 0-9, ., _ and -,"
            " for example ana.", "name",
        )  # fmt: skip
    if role not in ROLES:
        raise InvalidInput(f"{role!r} is no role; there are {' and '.join(ROLES)}.", "role")
    password = made_password()
    statement = (
        insert(Account)
        .values(name=name, role=role, password_hash=hash_password(password))
        .on_conflict_do_nothing()
        .returning(Account.name)
    )
    if session.scalar(statement) is None:
        raise AlreadyExists(f"There is an account {name} already.")
    return password


def renew_password(session: Session, name: str) -> str:
    """Returns a new password for an account, and signs it out everywhere. Raises NotFound."""
    account = _find(session, name)
    password = made_password()
    account.password_hash = hash_password(password)
    session.execute(delete(AccountSession).where(AccountSession.account == name))
    return password


def remove_account(session: Session, name: str) -> None:
    """Deletes an account, which is signed out at once. Raises NotFound."""
    session.delete(_find(session, name))


def list_accounts(session: Session) -> Sequence[Account]:
    """Returns all accounts by name."""
    return session.scalars(select(Account).order_by(Account.name)).all()


def _find(session: Session, name: str) -> Account:
    account = session.get(Account, name)
    if account is None:
        raise NotFound(f"There is no account {name}.")
    return account
