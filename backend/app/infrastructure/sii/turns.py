"""Turns at the portal: so many requests a second per outgoing address, over all workers.

A token bucket, kept as the moment at which it would be full: whoever asks takes the next turn that
is free and sleeps until then, so that nobody polls and nobody is passed by. Redis' clock decides.
"""

import logging
import math
import time
from typing import Any

import redis

from app.errors import SiiStandstill
from app.infrastructure.sii.politeness import PATIENCE

# Turns, and seconds, that may be taken ahead; more of them were before the clock was set back.
FURTHEST = 600

# KEYS: standstill, turns. ARGV: microseconds between two turns, burst, furthest.
# Returns the standstill's rest in ms (then no turn is taken), and the wait for the turn in us.
_TAKE = """
local rest = redis.call('PTTL', KEYS[1])
if rest > 0 then return {rest, 0} end
local between, burst, furthest = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
if between == 0 then return {0, 0} end
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local full = tonumber(redis.call('GET', KEYS[2]) or now)
if full < now or full > now + furthest then full = now end
local wait = math.max(0, full - (burst - 1) * between - now)
full = full + between
redis.call('SET', KEYS[2], string.format('%.0f', full), 'PX', math.ceil((full - now) / 1000) + 1)
return {0, math.ceil(wait)}
"""
# The longer one counts where two are asked for.
_STOP = """
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[1]) then
  redis.call('SET', KEYS[1], '1', 'PX', ARGV[1])
end
"""

_logger = logging.getLogger(__name__)


class Turns:
    """The turns of one outgoing address. All methods raise redis-py's errors."""

    def __init__(
        self,
        client: redis.Redis,
        address: str,
        *,
        per_second: float,
        burst: int = 1,
        longest_standstill: float,
    ) -> None:
        """`per_second` 0: any rate; `burst`: turns that may be taken at once after a silence;
        `longest_standstill`: seconds, 0 for none at all."""
        self._client = client
        self._standstill, self._bucket = f"sii:standstill:{address}", f"sii:turns:{address}"
        self._between = round(1_000_000 / per_second) if per_second else 0
        self._burst = max(1, burst)
        self._longest = longest_standstill
        self._take: Any = client.register_script(_TAKE)
        self._stop: Any = client.register_script(_STOP)

    def wait(self, patience: float = PATIENCE) -> None:
        """Returns when the next request may be sent.

        Raises SiiStandstill where nobody may send any for more than `patience` seconds.
        """
        arguments = [self._between, self._burst, (self._between + 1_000_000) * FURTHEST]
        while True:
            rest, wait = self._take([self._standstill, self._bucket], arguments)
            if rest:
                _sit_out(rest / 1000, patience)
            elif not wait:
                return
            else:
                time.sleep(wait / 1_000_000)
                if not self._client.exists(self._standstill):
                    return  # else it began meanwhile, and the turn is void

    def stop_all(self, seconds: float) -> None:
        """Lets nobody send a request for `seconds`, or as long as the settings allow."""
        milliseconds = math.ceil(min(seconds, self._longest) * 1000)
        if milliseconds > 0:
            _logger.warning("SII asks to wait: nobody sends anything for %d s", milliseconds / 1000)
            self._stop([self._standstill], [milliseconds])


def _sit_out(rest: float, patience: float) -> None:
    if rest > patience:
        error = SiiStandstill()
        error.retry_after = math.ceil(rest)
        raise error
    time.sleep(rest)
