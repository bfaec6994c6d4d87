"""Who may log in: checks a clave, counts the tries, blocks an account."""

import time
from dataclasses import dataclass, field, replace
from enum import StrEnum

from cl_sii.rut import Rut

from simulator.journal import Journal
from simulator.sessions import MAX_OPEN_SESSIONS, Sessions
from simulator.truth import Account

BLOCK_SECONDS = 3600.0


class Outcome(StrEnum):
    """How a login try ended, or what came between two; the value is shown by /__sim__/state."""

    OK = "ok"
    WRONG = "wrong_password"
    BLOCKED = "blocked"
    TOO_MANY_SESSIONS = "too_many_sessions"
    CLAVE_CHANGED = "clave_changed"


@dataclass
class Logins:
    """The tries of every RUT, with what the portal remembers of them."""

    accounts: dict[Rut, Account]
    sessions: Sessions
    journal: Journal
    tries: dict[Rut, list[Outcome]] = field(default_factory=dict)
    blocked_until: dict[Rut, float] = field(default_factory=dict)  # monotonic seconds

    def attempt(self, rut: Rut, clave: str, fault: str = "") -> Outcome:
        """Judge one try. A try after a wrong clave, whatever it ends in, is a violation.

        `fault` is how a good try is to end all the same; too many sessions are then others'.
        """
        tries = self.tries.setdefault(rut, [])
        if tries and tries[-1] in (Outcome.WRONG, Outcome.BLOCKED):
            self.journal.record_violation("login_after_wrong_password", rut.canonical)
        outcome = judged = self._judge(rut, clave)
        if judged is Outcome.OK and fault:
            outcome = Outcome(fault)
        tries.append(outcome)
        if judged is Outcome.TOO_MANY_SESSIONS:
            self.journal.record_violation("session_cap", rut.canonical)
        return outcome

    def change_clave(self, rut: Rut) -> str:
        """What the account's user does at the portal after a refusal; returns the new clave."""
        account = self.accounts[rut]
        self.accounts[rut] = replace(account, clave=f"{account.clave}n")
        self.tries.setdefault(rut, []).append(Outcome.CLAVE_CHANGED)
        self.blocked_until.pop(rut, None)
        return self.accounts[rut].clave

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
            if outcome in (Outcome.OK, Outcome.CLAVE_CHANGED):
                break
            count += outcome is Outcome.WRONG
        return count
