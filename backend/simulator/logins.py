"""Who may log in: checks a clave, counts the tries, blocks an account."""

import time
from dataclasses import dataclass, field
from enum import StrEnum

from cl_sii.rut import Rut

from simulator.journal import Journal
from simulator.sessions import MAX_OPEN_SESSIONS, Sessions
from simulator.truth import Account

BLOCK_SECONDS = 3600.0


class Outcome(StrEnum):
    """How a login try ended; the value is shown by /__sim__/state."""

    OK = "ok"
    WRONG = "wrong_password"
    BLOCKED = "blocked"
    TOO_MANY_SESSIONS = "too_many_sessions"


@dataclass
class Logins:
    """The tries of every RUT, with what the portal remembers of them."""

    accounts: dict[Rut, Account]
    sessions: Sessions
    journal: Journal
    tries: dict[Rut, list[Outcome]] = field(default_factory=dict)
    blocked_until: dict[Rut, float] = field(default_factory=dict)  # monotonic seconds

    def attempt(self, rut: Rut, clave: str) -> Outcome:
        """Judge one try. A try after a wrong clave, whatever it ends in, is a violation."""
        tries = self.tries.setdefault(rut, [])
        if tries and tries[-1] in (Outcome.WRONG, Outcome.BLOCKED):
            self.journal.record_violation("login_after_wrong_password", rut.canonical)
        outcome = self._judge(rut, clave)
        tries.append(outcome)
        if outcome is Outcome.TOO_MANY_SESSIONS:
            self.journal.record_violation("session_cap", rut.canonical)
        return outcome

    def _judge(self, rut: Rut, clave: str) -> Outcome:
        account = self.accounts.get(rut)
        if time.monotonic() < self.blocked_until.get(rut, 0.0):
            return Outcome.BLOCKED
        if account is None or clave != account.clave:
            return self._wrong(rut, account)
        if self.sessions.count(rut) >= MAX_OPEN_SESSIONS:
            return Outcome.TOO_MANY_SESSIONS
        return Outcome.OK

    def _wrong(self, rut: Rut, account: Account | None) -> Outcome:
        wrong = 1 + self._wrong_in_a_row(rut)
        if account and wrong >= account.wrong_tries_allowed:
            self.blocked_until[rut] = time.monotonic() + BLOCK_SECONDS
        return Outcome.WRONG

    def _wrong_in_a_row(self, rut: Rut) -> int:
        count = 0
        for outcome in reversed(self.tries.get(rut, [])):
            if outcome is Outcome.OK:
                break
            count += outcome is Outcome.WRONG
        return count
