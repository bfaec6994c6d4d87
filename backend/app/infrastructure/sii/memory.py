"""What the portal's sessions are remembered by; `SessionMemory` itself remembers nothing.

A session is remembered from its login to its logout, whoever dies in between: the next run of the
same login RUT goes on with it, or ends it before it opens another.
"""

from typing import Any

from app.errors import LoginBusy

Cookie = dict[str, Any]  # as the Chrome DevTools Protocol gives it


class Hold:
    """One run's hold on the only session of a login RUT."""

    cookies: list[Cookie] | None = None  # of a session that was left open
    is_fresh = False  # whether that one may be used again
    is_proven = False  # whether it was open a moment ago, so that it need not show that

    @property
    def stays_open(self) -> bool:
        """Whether a session that nothing happened to is left open, for a run that waits."""
        return False

    def is_mine(self) -> bool:
        """Returns whether no other run has taken the login RUT over."""
        return True

    def check(self) -> None:
        """Raises LoginBusy once another run has."""
        if not self.is_mine():
            raise LoginBusy("Another run has taken this login over; this one asks SII nothing.")

    def keep(self, cookies: list[Cookie], *, is_fresh: bool = True) -> None:
        """Remembers an open session; one that is not fresh only to be ended. Raises LoginBusy."""

    def forget(self) -> None:
        """The session was ended."""


class SessionMemory:
    """Every session is its run's own and ends with it."""

    def take(self, login_rut: str, clave: str) -> Hold:  # noqa: ARG002 (the interface)
        """Takes the login RUT over from whichever run had it."""
        return Hold()


FORGETFUL = SessionMemory()
