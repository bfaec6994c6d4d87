"""Asks a store within a deadline, also where it takes a connection and never answers."""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import Generic, TypeVar

from app.infrastructure.certificates import certificate_fault

T = TypeVar("T")
PATIENCE = 3.0  # s that a scrape waits; Prometheus gives up after 10

logger = logging.getLogger(__name__)


class Store(Generic[T]):
    """One store. Who asks while a question is under way shares its answer, so that one which hangs
    holds a single thread however many scrapes come."""

    def __init__(self, name: str, read: Callable[[], T]) -> None:
        self.name = name
        self._read = read
        self._flight: Future[T] | None = None
        self._lock = threading.Lock()

    def ask(self) -> Future[T]:
        """Begins a question, unless one is under way, and returns what becomes of it."""
        with self._lock:
            if self._flight is None or self._flight.done():
                self._flight = Future()
                threading.Thread(target=self._fly, args=(self._flight,), daemon=True).start()
            return self._flight

    def _fly(self, flight: "Future[T]") -> None:
        try:
            flight.set_result(self._read())
        except Exception as error:  # noqa: BLE001 (whatever it is, the process stays up)
            flight.set_exception(error)

    def answer(self, flight: "Future[T]", deadline: float) -> T | None:
        """Returns the answer; None, and a line in the log, where there is none by `deadline`, a
        time of the monotonic clock."""
        wait([flight], max(deadline - time.monotonic(), 0.0))
        if not flight.done():
            logger.warning("%s does not answer in time", self.name)
        elif error := flight.exception():
            reason = certificate_fault(error) or str(error).partition("\n")[0]
            logger.warning("%s: %s: %s", self.name, type(error).__name__, reason)
        else:
            return flight.result()
        return None
