"""Open sessions of the portal: the TOKEN cookie, its owner, and how far it is bound."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import uuid4

from cl_sii.rut import Rut
from starlette.requests import Request

from simulator.truth import Account

# More than these are refused with message .27 of the login.
MAX_OPEN_SESSIONS = 10
# What the RCV page does before its facade answers; without it JBoss says JBWEB000065.
BOOTSTRAP = frozenset({"index", "obtieneConf", "load", "AutTknData"})


@dataclass
class Session:
    """One authenticated session. Times are seconds of the monotonic clock."""

    token: str
    account: Account
    last_seen: float
    steps: set[str] = field(default_factory=set)

    @property
    def is_bound(self) -> bool:
        """Whether the RCV's bootstrap has been gone through."""
        return self.steps >= BOOTSTRAP


class Sessions:
    """All sessions that are open; a session ends by logout or by inactivity."""

    def __init__(self, idle_seconds: float) -> None:
        self._idle_seconds = idle_seconds
        self._by_token: dict[str, Session] = {}

    def open(self, account: Account) -> Session:
        """Start a session; the caller has checked the cap."""
        session = Session(uuid4().hex.upper(), account, time.monotonic())
        self._by_token[session.token] = session
        return session

    def find(self, token: str | None) -> Session | None:
        """The live session of a token, whose inactivity starts anew."""
        self._expire()
        session = self._by_token.get(token or "")
        if session:
            session.last_seen = time.monotonic()
        return session

    def of_request(self, request: Request) -> Session | None:
        """The live session that a request's TOKEN cookie names."""
        return self.find(request.cookies.get("TOKEN"))

    def close(self, token: str | None) -> None:
        """End a session; an unknown token is no error."""
        self._by_token.pop(token or "", None)

    def live(self) -> list[Session]:
        """Every open session."""
        self._expire()
        return list(self._by_token.values())

    def count(self, login_rut: Rut) -> int:
        """How many sessions a login RUT has open."""
        return sum(session.account.login_rut == login_rut for session in self.live())

    def _expire(self) -> None:
        oldest = time.monotonic() - self._idle_seconds
        self._drop(token for token, one in self._by_token.items() if one.last_seen < oldest)

    def _drop(self, tokens: Iterable[str]) -> None:
        for token in list(tokens):
            del self._by_token[token]
