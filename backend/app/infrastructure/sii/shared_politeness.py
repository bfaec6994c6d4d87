"""Politeness that every worker of one Redis shares."""

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import redis

from app.errors import QueueUnavailable
from app.infrastructure.health import impatient_redis
from app.infrastructure.sii.politeness import PATIENCE, Politeness, Turn
from app.infrastructure.sii.seats import Seats
from app.infrastructure.sii.turns import Turns
from app.settings import Settings

REDIS_PATIENCE = 5  # s for one answer

_logger = logging.getLogger(__name__)


def politeness_of(settings: Settings) -> Politeness:
    """Returns what the settings ask for. Raises ConfigurationError without REDIS_URL, where they
    ask for anything."""
    if not (
        settings.sii_requests_per_second or settings.sii_max_standstill or settings.sii_max_browsers
    ):
        return Politeness()
    client = impatient_redis(settings.require("redis_url"), REDIS_PATIENCE)
    turns = Turns(
        client,
        settings.sii_outgoing_address,
        per_second=settings.sii_requests_per_second,
        burst=settings.sii_request_burst,
        longest_standstill=settings.sii_max_standstill,
    )
    return SharedPoliteness(turns, Seats(client, settings.sii_max_browsers))


class SharedPoliteness(Politeness):
    """Turns and seats in Redis."""

    def __init__(self, turns: Turns, seats: Seats) -> None:
        self._turns = turns
        self._seats = seats

    def wait_for_turn(self, patience: float = PATIENCE) -> None:
        try:
            self._turns.wait(patience)
        except redis.RedisError:
            raise QueueUnavailable() from None

    def stand_still(self, seconds: float) -> None:
        try:
            self._turns.stop_all(seconds)
        except redis.RedisError as error:
            # The answer that asked for it becomes an error of its own, which is worth more.
            _logger.warning("the others do not hear that SII asks to wait: %s", error)

    @contextmanager
    def seat(self) -> Iterator[Turn]:
        with ExitStack() as stack:
            try:
                check = stack.enter_context(self._seats.taken())
            except redis.RedisError:
                raise QueueUnavailable() from None

            def turn() -> None:
                self.wait_for_turn()
                check()  # last: the seat may be lost while the turn is waited for

            yield turn
