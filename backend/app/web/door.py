"""Proving who somebody is costs 40 ms of a core on purpose; this bounds what that may take away.

Two proofs at a time in a process, one of them per address: who tries thousands of names at once
keeps neither the API nor people elsewhere waiting.
"""

from app.api.execution import Deadline, ThreadSlots
from app.errors import TooManyTries
from app.infrastructure.passwords import is_password

PROOFS = 2
PATIENCE = 3.0  # s that a proof may wait for its turn, and take


class Door:
    """Checks the passwords of one process."""

    def __init__(self) -> None:
        self._slots = ThreadSlots(PROOFS)
        self._busy: set[str] = set()

    async def is_password(self, address: str, given: str, stored: str | None) -> bool:
        """Returns whether `given` is the password that `stored` was made of.

        Raises TooManyTries while another proof for the same address is under way.
        """
        if address in self._busy:
            raise TooManyTries
        deadline = Deadline(PATIENCE)
        deadline.waiting_for = TooManyTries
        self._busy.add(address)
        try:
            return await self._slots.run(lambda: is_password(given, stored), deadline)
        finally:
            self._busy.discard(address)
