"""What the platforms have to give alike to everything that is no worker."""

import re
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Service:
    """One service of ours or a store. A time that nobody says is the platform's: None."""

    memory_mib: Any
    grace_seconds: Any
    shm_mib: Any = 0
    maxmemory_mib: Any = None  # Redis' own limit


def maxmemory(script: str) -> int | None:
    """Returns the limit in the configuration that Redis is started with; None in other scripts."""
    found = re.search(r"^ *maxmemory (\d+)mb$", script, re.MULTILINE)
    return int(found[1]) if found else None
