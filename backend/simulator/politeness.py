"""How fast one outgoing address may ask; off unless the settings name a rate."""

import time
from dataclasses import dataclass, field

JUDGED = ("/www4/", "/loa/")
_SCRIPTS = "/www4/consdcvinternetui/app/"  # a browser fetches them by itself
# Requests that may come at once: the network lets two that left apart arrive together.
BURST = 2.0


@dataclass
class Politeness:
    """A token bucket per address; `per_second` 0 allows everything."""

    per_second: float
    _buckets: dict[str, tuple[float, float]] = field(default_factory=dict)  # tokens, when

    def allows(self, address: str, path: str) -> bool:
        """Whether a request to `path` comes no faster than allowed; takes a token if so."""
        if not self.per_second or not path.startswith(JUDGED) or path.startswith(_SCRIPTS):
            return True
        now = time.monotonic()
        tokens, before = self._buckets.get(address, (BURST, now))
        tokens = min(BURST, tokens + (now - before) * self.per_second)
        is_allowed = tokens >= 1
        self._buckets[address] = (tokens - is_allowed, now)
        return is_allowed
