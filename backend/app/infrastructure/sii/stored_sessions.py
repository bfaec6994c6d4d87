"""Sessions that every worker knows: a row per login RUT, the cookies encrypted."""

import hashlib
import json
import logging
from datetime import timedelta
from typing import Any, Protocol

from sqlalchemy import Update, exists, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, sessionmaker

from app.errors import ConfigurationError
from app.infrastructure.db.models import Run, SiiCredential, SiiSession
from app.infrastructure.sii.memory import Cookie, Hold, SessionMemory

ENDED_BY_SII = timedelta(days=1)  # after which no session can still be open
PROVEN = timedelta(seconds=30)  # after which a session has to show that it is open

_logger = logging.getLogger(__name__)


class Encrypts(Protocol):
    """Keeps a text unreadable at rest."""

    def encrypt(self, text: str) -> str:
        """Returns what may be stored."""

    def decrypt(self, text: str) -> str:
        """Returns the clear text. Raises ConfigurationError where no key fits."""


class StoredSessions(SessionMemory):
    """Sessions in Postgres, each to be used again for `seconds` after its last run; 0: never."""

    def __init__(self, sessions: sessionmaker[Session], cipher: Encrypts, seconds: float) -> None:
        self._sessions = sessions
        self._cipher = cipher
        self._lifetime = timedelta(seconds=seconds)

    def take(self, login_rut: str, clave: str) -> Hold:
        proven_until = SiiSession.fresh_until - self._lifetime + PROVEN
        row = insert(SiiSession).values(login_rut=login_rut, number=1)
        taken = row.on_conflict_do_update(
            index_elements=[SiiSession.login_rut], set_={"number": SiiSession.number + 1}
        ).returning(
            SiiSession.number,
            SiiSession.secret,
            SiiSession.fresh_until > func.now(),
            proven_until > func.now(),
        )
        with self._sessions.begin() as session:
            number, secret, is_fresh, is_proven = session.execute(taken).one()
            session.execute(_forget_old())
        hold = StoredHold(self._sessions, self._cipher, self._lifetime, login_rut, number, clave)
        hold.read(secret, is_fresh=bool(is_fresh))
        hold.is_proven = hold.is_fresh and bool(is_proven)
        return hold


def _forget_old() -> Update:
    """Cookies that nobody came for, of sessions that SII has ended by itself."""
    old = select(SiiSession.login_rut).where(
        SiiSession.secret.is_not(None), SiiSession.fresh_until < func.now() - ENDED_BY_SII
    )
    ruts = old.with_for_update(skip_locked=True).scalar_subquery()
    return update(SiiSession).where(SiiSession.login_rut.in_(ruts)).values(secret=None)


class StoredHold(Hold):
    """A row that is this run's as long as nobody took the next number."""

    def __init__(
        self,
        sessions: sessionmaker[Session],
        cipher: Encrypts,
        lifetime: timedelta,
        login_rut: str,
        number: int,
        clave: str,
    ) -> None:
        self._sessions = sessions
        self._cipher = cipher
        self._lifetime = lifetime
        self._login_rut = login_rut
        self._mine = (SiiSession.login_rut == login_rut, SiiSession.number == number)
        # A session proves nothing of a clave that was changed meanwhile.
        self._proof = hashlib.sha256(clave.encode()).hexdigest()

    @property
    def stays_open(self) -> bool:
        """Only for a run that waits: the portal is left as soon as nobody is to come."""
        waits = exists().where(
            SiiCredential.login_rut == self._login_rut,
            SiiCredential.company_id == Run.company_id,
            Run.task.startswith("sii."),
            Run.state.in_(("queued", "retrying")),
        )
        with self._sessions() as session:
            return bool(self._lifetime and session.scalar(select(waits)))

    def read(self, secret: str | None, *, is_fresh: bool) -> None:
        """Takes what was remembered."""
        if secret is None:
            return
        try:
            kept = json.loads(self._cipher.decrypt(secret))
        except ConfigurationError:
            _logger.warning("an open session is under a key that is gone; SII ends it by itself")
            return
        self.cookies = kept["cookies"]
        self.is_fresh = is_fresh and kept["proof"] == self._proof

    def is_mine(self) -> bool:
        with self._sessions() as session:
            return session.scalar(select(SiiSession.number).where(*self._mine)) is not None

    def keep(self, cookies: list[Cookie], *, is_fresh: bool = True) -> None:
        text = json.dumps({"cookies": cookies, "proof": self._proof})
        lifetime = self._lifetime if is_fresh else timedelta()
        self._change(secret=self._cipher.encrypt(text), fresh_until=func.now() + lifetime)

    def forget(self) -> None:
        self._change(secret=None, fresh_until=None)

    def _change(self, **values: Any) -> None:
        statement = update(SiiSession).where(*self._mine).values(**values)
        with self._sessions.begin() as session:
            session.execute(statement)
        self.check()
