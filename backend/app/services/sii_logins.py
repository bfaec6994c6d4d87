"""SII credentials in use: who may log in, one at a time, and what the portal said."""

import math
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeVar
from uuid import UUID

from sqlalchemy import Connection, Engine, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from app.errors import (
    ConfigurationError,
    CredentialsBlocked,
    CredentialsMissing,
    InvalidCredentials,
    LoginBusy,
    NotFound,
    TooManySessions,
)
from app.infrastructure.db.models import Company, SiiCredential, SiiSession
from app.services.credential_notifications import tell_of_refusal

T = TypeVar("T")

BLOCK_LASTS = timedelta(hours=1)  # SII's FAQ of 2025: about an hour, then one attempt
LEASE = 60  # s that the turn of a login RUT outlives its holder's last word
RENEWALS = 4  # in a LEASE
PATIENCE = 5  # s for the last renewal to come back


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

    Raises NotFound, CredentialsMissing, InvalidCredentials, CredentialsBlocked, TooManySessions.
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
    refuse_while_full(session, credential.login_rut, now)
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
    turn back at once, and no transaction stays open for the length of a sync. One that stands still
    renews nothing, and Postgres ends the database session after LEASE.
    """
    key = func.hashtextextended(f"sii-login:{login_rut}", 0)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if not connection.scalar(select(func.pg_try_advisory_lock(key))):
            raise LoginBusy()
        try:
            connection.execute(text(f"SET idle_session_timeout = '{LEASE}s'"))
            with _renewed(connection):
                yield
        finally:
            # Closed for good, which unlocks: a pooled connection would keep a forgotten lock.
            connection.invalidate()


@contextmanager
def _renewed(connection: Connection) -> Iterator[None]:
    """Keeps a connection from being idle for as long as LEASE."""
    is_over = threading.Event()

    def renew() -> None:
        # A lock that is lost shows by the number of the session at the portal.
        with suppress(SQLAlchemyError):
            while not is_over.wait(LEASE / RENEWALS):
                connection.execute(select(1))

    thread = threading.Thread(target=renew, daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join(PATIENCE)


@contextmanager
def turn_of(sessions: sessionmaker[Session], company_id: UUID) -> Iterator[Login]:
    """Yields the login of a company while its login RUT has its only turn at the portal.

    Raises what `find_login` raises, and LoginBusy.
    """
    with sessions() as session:
        login_rut = find_login(session, company_id, datetime.now(UTC)).login_rut
        engine = session.get_bind().engine
    with one_at_a_time(engine, login_rut):
        with sessions() as session:  # again: the turn before may have found the clave wrong
            login = find_login(session, company_id, datetime.now(UTC))
        yield login


@contextmanager
def entered(
    sessions: sessionmaker[Session],
    cipher: Decrypter,
    login: Login,
    door: Callable[[str, str], AbstractContextManager[T]],
) -> Iterator[T]:
    """Logs in through `door`, which takes RUT and clave, and keeps what SII thinks of both."""
    try:
        with door(login.login_rut, cipher.decrypt(login.secret)) as session:
            record_success(sessions, login)
            yield session
    except TooManySessions as full:
        record_full(sessions, login.login_rut, full)
        raise
    except (InvalidCredentials, CredentialsBlocked) as refusal:
        record_refusal(sessions, cipher, login, refusal)
        raise


def refuse_while_full(session: Session, login_rut: str, now: datetime) -> None:
    """Raises TooManySessions where SII has said that there is no room before a later time."""
    row = session.get(SiiSession, login_rut)
    if row is not None and row.try_again_at is not None and row.try_again_at > now:
        error = TooManySessions()
        error.retry_after = math.ceil((row.try_again_at - now).total_seconds())
        error.is_try = False  # nobody was asked
        raise error


def record_full(sessions: sessionmaker[Session], login_rut: str, full: TooManySessions) -> None:
    """Notes until when SII has no room for another session of this login RUT."""
    until = datetime.now(UTC) + timedelta(seconds=full.retry_after or 0)
    row = insert(SiiSession).values(login_rut=login_rut, try_again_at=until)
    with sessions.begin() as session:
        session.execute(
            row.on_conflict_do_update(
                index_elements=[SiiSession.login_rut], set_={"try_again_at": until}
            )
        )


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
                if credential.status != "invalid":
                    tell_of_refusal(session, credential)
                credential.status = "invalid"


def _of_login_rut(session: Session, login_rut: str) -> list[SiiCredential]:
    statement = select(SiiCredential).where(SiiCredential.login_rut == login_rut)
    return list(session.scalars(statement.order_by(SiiCredential.company_id).with_for_update()))


def _holds(credential: SiiCredential, cipher: Decrypter, clave: str) -> bool:
    try:
        return cipher.decrypt(credential.secret) == clave
    except ConfigurationError:
        return False  # another company's clave, under a key that is gone: not our finding
