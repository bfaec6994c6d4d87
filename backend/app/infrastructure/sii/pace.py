"""Politeness of one session: the pause between two of its requests, then everybody's turn."""

import random
import time

from app.infrastructure.sii.politeness import ALONE, Turn

JITTER = 0.25  # of the interval: machines that start together must not stay in step


class Pace:
    """Lets requests through, `min_interval` seconds apart at least, each in its `turn`."""

    def __init__(self, min_interval: float, turn: Turn = ALONE.wait_for_turn) -> None:
        self._min_interval = min_interval
        self._turn = turn
        self._next_at = 0.0

    def wait(self) -> None:
        """Returns when the next request may be sent. Raises what `turn` raises."""
        time.sleep(max(0.0, self._next_at - time.monotonic()))
        self._turn()
        self._next_at = time.monotonic() + self._min_interval * (1 + random.uniform(0, JITTER))
