"""Which of Postgres and Redis answers right now, known within a deadline even where they hang."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping

from app.api.execution import start_thread
from app.errors import TransientError

logger = logging.getLogger(__name__)


class Probe:
    """One question to one store. Who asks while it is under way shares its answer, so a store
    that hangs holds one thread however many requests come."""

    def __init__(self, name: str, check: Callable[[], None]) -> None:
        self._name = name
        self._check = check
        self._flight: asyncio.Future[None] | None = None
        self._asked_at = 0.0

    async def answers(self, patience: float) -> bool:
        """Returns whether the store answers within `patience` s of when it was asked."""
        if self._flight is None or self._flight.done():
            self._asked_at = time.monotonic()
            self._flight = start_thread(self._check)
        left = self._asked_at + patience - time.monotonic()
        try:
            await asyncio.wait_for(asyncio.shield(self._flight), max(left, 0.0))
        except TimeoutError:
            logger.warning("%s does not answer within %s s", self._name, patience)
            return False
        except TransientError as error:
            kind = type(error.__cause__).__name__
            logger.warning("%s is down (%s): %s", self._name, kind, error.message)
            return False
        return True


class Readiness:
    """Asks all stores at once."""

    def __init__(self, checks: Mapping[str, Callable[[], None]]) -> None:
        self._probes = {name: Probe(name, check) for name, check in checks.items()}

    async def answering(self, patience: float) -> dict[str, bool]:
        """Returns which store answers, by name, after at most `patience` seconds."""
        answers = await asyncio.gather(
            *(probe.answers(patience) for probe in self._probes.values())
        )
        return dict(zip(self._probes, answers, strict=True))
