"""What all workers owe the portal together; `Politeness` itself is nobody but one process.

A turn is the right to send one request, a seat the right to run one browser. A standstill is what
the portal asks for by a 429 or a waiting room: nobody sends anything before it is over.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

PATIENCE = 30.0  # s of a standstill that a session sits out: a new login costs the portal more

Turn = Callable[[], None]  # returns when a request may be sent; raises what keeps it from that


class Politeness:
    """Every request may be sent at once, every browser started, and nothing is remembered."""

    def wait_for_turn(self, patience: float = PATIENCE) -> None:
        """Returns when the next request may be sent.

        Raises SiiStandstill where nobody may send any for more than `patience` seconds, and
        QueueUnavailable.
        """

    def stand_still(self, seconds: float) -> None:
        """Lets nobody send anything for `seconds`. Never raises: what asked for it goes on."""

    @contextmanager
    def seat(self) -> Iterator[Turn]:
        """Yields the turns of one browser, which also raise BrowsersBusy once its seat is lost.

        Raises BrowsersBusy where all seats are taken, QueueUnavailable.
        """
        yield self.wait_for_turn


ALONE = Politeness()
