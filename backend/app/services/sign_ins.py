"""Signing in to the operations page: how often it may be tried, and who is signed in.

What is counted is the pair of a name and an address: whoever fails ten thousand times shuts out
nobody who comes from elsewhere or under another name. The names are hashed and counted whether or
not there is such an account, so that a refusal says nothing about that.
"""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

from sqlalchemy import case, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.infrastructure.db.models import Account, AccountSession, SignInTry

MOST_TRIES = 5  # of one name from one address
WINDOW = timedelta(minutes=15)  # after which they are forgotten
LIFE = timedelta(hours=12)  # of a session


@dataclass(frozen=True)
class Try:
    """One try to sign in. `wait`: seconds until the next one is heard, 0 where this one is."""

    wait: int
    password_hash: str | None


@dataclass(frozen=True)
class SignedIn:
    """Whose browser it is, and what they may do."""

    name: str
    role: str

    @property
    def may_act(self) -> bool:
        """Whether it is an operator."""
        return self.role == "operator"


def count_try(session: Session, name: str, address: str) -> Try:
    """Counts a try before anything is checked, so that tries at the same time count as well."""
    now, row = func.clock_timestamp(), SignInTry
    session.execute(delete(row).where(row.begun_at < now - WINDOW))
    statement = insert(row).values(name_hash=_hash(name), address=address, tries=1, begun_at=now)
    counted = case((row.tries <= MOST_TRIES, row.tries + 1), else_=row.tries)
    tries, left = session.execute(
        statement.on_conflict_do_update(
            index_elements=[row.name_hash, row.address], set_={"tries": counted}
        ).returning(row.tries, func.extract("epoch", row.begun_at + WINDOW - now))
    ).one()
    if tries > MOST_TRIES:
        return Try(max(int(left), 1), None)
    stored = session.scalar(select(Account.password_hash).where(Account.name == name))
    return Try(0, stored)


def open_session(session: Session, name: str, address: str) -> str:
    """Returns the token of a new session for one who has proven to be `name`, and forgets the
    tries. Sessions that have expired are deleted."""
    now = func.clock_timestamp()
    session.execute(delete(AccountSession).where(AccountSession.expires_at < now))
    mine = (SignInTry.name_hash == _hash(name), SignInTry.address == address)
    session.execute(delete(SignInTry).where(*mine))
    token = secrets.token_urlsafe(32)
    values = {"token_hash": _hash(token), "account": name, "expires_at": now + LIFE}
    session.execute(insert(AccountSession).values(values))
    return token


def find_session(session: Session, token: str) -> SignedIn | None:
    """Returns who is signed in by a token, None where nobody is any more."""
    statement = (
        select(Account.name, Account.role)
        .join(AccountSession, AccountSession.account == Account.name)
        .where(AccountSession.token_hash == _hash(token))
        .where(AccountSession.expires_at > func.clock_timestamp())
    )
    found = session.execute(statement).one_or_none()
    return SignedIn(*found) if found else None


def close_session(session: Session, token: str) -> None:
    """Makes a token useless."""
    session.execute(delete(AccountSession).where(AccountSession.token_hash == _hash(token)))


def _hash(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
