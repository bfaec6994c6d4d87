"""SII credentials in use: who may log in, one at a time, and what the portal said."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol
from uuid import UUID

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session, sessionmaker

from app.errors import (
    ConfigurationError,
    CredentialsBlocked,
    CredentialsMissing,
    InvalidCredentials,
    LoginBusy,
    NotFound,
)
from app.infrastructure.db.models import Company, SiiCredential

BLOCK_LASTS = timedelta(hours=1)  # SII's FAQ of 2025: about an hour, then one attempt


class Decrypter(Protocol):
    """Opens what is encrypted at rest."""

    def decrypt(self, text: str) -> str:
        """Returns the plain text."""


@dataclass(frozen=True)
class Login:
    """A company's way into the portal. `secret` is still encrypted."""

    company_id: UUID
    company_rut: str
    login_rut: str
    secret: str


def find_login(session: Session, company_id: UUID, now: datetime) -> Login:
    """Returns the login of a company, unless SII is known to refuse it at `now`.

    Raises NotFound, CredentialsMissing, InvalidCredentials, CredentialsBlocked.
    """
    company = session.get(Company, company_id)
    if company is None:
        raise NotFound(f"There is no company {company_id}.")
    credential = company.credential
    if credential is None:
        raise CredentialsMissing()
    if credential.status == "invalid":
        raise InvalidCredentials()
    if not is_usable(credential, now):
        raise CredentialsBlocked()
    return Login(company.id, company.rut, credential.login_rut, credential.secret)


def is_usable(credential: SiiCredential | None, now: datetime) -> bool:
    """Returns whether a login with this credential may be tried at `now`."""
    if credential is None or credential.status == "invalid":
        return False
    blocked_until = credential.blocked_until if credential.status == "blocked" else None
    return blocked_until is None or blocked_until <= now


@contextmanager
def one_at_a_time(engine: Engine, login_rut: str) -> Iterator[None]:
    """Holds the only turn of `login_rut` at the portal, in all workers. Raises LoginBusy.

    The lock is the database session's, on a connection of its own: a worker that dies gives its
    turn back at once, and no transaction stays open for the length of a sync.
    """
    key = func.hashtextextended(f"sii-login:{login_rut}", 0)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if not connection.scalar(select(func.pg_try_advisory_lock(key))):
            raise LoginBusy()
        try:
            yield
        finally:
            # Closed for good, which unlocks: a pooled connection would keep a forgotten lock.
            connection.invalidate()


def record_success(sessions: sessionmaker[Session], login: Login) -> None:
    """Notes that SII let this login in."""
    with sessions.begin() as session:
        for credential in _of_login_rut(session, login.login_rut):
            if credential.secret == login.secret:  # the user may have changed it meanwhile
                credential.status = "ok"
                credential.blocked_until = None
                credential.last_ok_at = datetime.now(UTC)


def record_refusal(
    sessions: sessionmaker[Session],
    cipher: Decrypter,
    login: Login,
    refusal: InvalidCredentials | CredentialsBlocked,
) -> None:
    """Notes that SII refused this login, so that no run tries it again in vain.

    A wrong clave is wrong for each company that uses it with the same RUT; a block is the RUT's.
    """
    clave = cipher.decrypt(login.secret)
    with sessions.begin() as session:
        for credential in _of_login_rut(session, login.login_rut):
            if isinstance(refusal, CredentialsBlocked):
                credential.status = "blocked"
                credential.blocked_until = datetime.now(UTC) + BLOCK_LASTS
            elif _holds(credential, cipher, clave):  # not one that the user changed meanwhile
                credential.status = "invalid"


def _of_login_rut(session: Session, login_rut: str) -> list[SiiCredential]:
    statement = select(SiiCredential).where(SiiCredential.login_rut == login_rut)
    return list(session.scalars(statement.order_by(SiiCredential.company_id).with_for_update()))


def _holds(credential: SiiCredential, cipher: Decrypter, clave: str) -> bool:
    try:
        return cipher.decrypt(credential.secret) == clave
    except ConfigurationError:
        return False  # another company's clave, under a key that is gone: not our finding
