"""Seats for browsers: at most so many at the portal at once, over all workers.

A seat is a member of a sorted set, with the moment at which it falls free: who holds it moves that
on, and who is killed leaves it to Redis' clock. A holder that could not move it on in time, because
Redis was away or its container stood still, has lost it and is told before its next request.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any
from uuid import uuid4

import redis

from app.errors import BrowsersBusy
from app.infrastructure.sii.politeness import Turn

LEASE = 30.0  # s that a seat outlives its holder's last word
RENEWALS = 3  # in a LEASE

_KEY = "sii:browsers"
# ARGV: holder, seats, lease in ms. Takes a seat or moves its end on; returns whether it is held.
# What ends later than a lease from now was written before the clock was set back.
_TAKE = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local lapse = now + tonumber(ARGV[3])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '(' .. string.format('%.0f', lapse), '+inf')
local is_free = redis.call('ZCARD', KEYS[1]) < tonumber(ARGV[2])
if not is_free and not redis.call('ZSCORE', KEYS[1], ARGV[1]) then return 0 end
redis.call('ZADD', KEYS[1], lapse, ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
"""

_logger = logging.getLogger(__name__)


class Seats:
    """`number` seats; 0 is as many as anybody wants."""

    def __init__(self, client: redis.Redis, number: int, lease: float = LEASE) -> None:
        """`lease`: seconds that a seat outlives its holder's last word."""
        self._client = client
        self._number = number
        self._lease = lease
        self._take: Any = client.register_script(_TAKE)

    @contextmanager
    def taken(self) -> Iterator[Turn]:
        """Yields what raises BrowsersBusy once the seat is lost.

        Raises BrowsersBusy where all are taken, and redis-py's errors.
        """
        if not self._number:
            yield lambda: None
            return
        holder = uuid4().hex
        seat = _Seat(lambda: self._is_held(holder), self._lease)
        if not seat.renew():
            raise BrowsersBusy()
        threading.Thread(target=seat.keep, daemon=True).start()
        try:
            yield seat.check
        finally:
            seat.leave()
            with suppress(redis.RedisError):  # it lapses by itself
                self._client.zrem(_KEY, holder)

    def _is_held(self, holder: str) -> bool:
        return bool(self._take([_KEY], [holder, self._number, int(self._lease * 1000)]))


class _Seat:
    """One holder's view of its seat, whose end a thread moves on."""

    def __init__(self, take: Callable[[], bool], lease: float) -> None:
        self._take = take
        self._lease = lease
        self._held_until = 0.0
        self._left = threading.Event()
        self._lock = threading.Lock()  # no renewal may come after the seat was given back

    def renew(self) -> bool:
        """Returns whether the seat is held now. Raises redis-py's errors."""
        with self._lock:
            asked_at = time.monotonic()
            is_held = not self._left.is_set() and self._take()
            if is_held:
                self._held_until = asked_at + self._lease
            return is_held

    def keep(self) -> None:
        """Renews until the seat is left; one that was lost comes back where there is room."""
        while not self._left.wait(self._lease / RENEWALS):
            try:
                self.renew()
            except redis.RedisError as error:
                _logger.warning("a browser's seat was not renewed: %s", type(error).__name__)

    def check(self) -> None:
        """Raises BrowsersBusy once the seat is lost."""
        if time.monotonic() >= self._held_until:
            raise BrowsersBusy("This browser's seat lapsed; another one may have it.")

    def leave(self) -> None:
        """Renews no more; returns once no renewal is under way."""
        self._left.set()
        with self._lock:
            pass
