"""What services ask of Mem0, and how the facts that they gave it ended."""

import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

from app.errors import (
    FiscalError,
    MemoriesRefused,
    MemoriesUnfinished,
    MemoryRefused,
    MemoryStoreUnavailable,
    RateLimited,
    TransientError,
)

# After this Mem0 has lost what it had accepted. Its queue takes seconds, by its documentation.
LONGEST_ACCEPTANCE = timedelta(hours=1)

# s in one attempt. A fact needs three calls at most, and the shortest soft limit is 120 s.
WORKING_TIME = 75

# Of one fact; the others go on.
FAILURES = (MemoryStoreUnavailable, RateLimited, MemoryRefused, MemoriesUnfinished)


class MemoryStore(Protocol):
    """Mem0, wherever it runs. `owner` is Owner.mem0_id.

    All raise MemoryStoreUnavailable, RateLimited, MemoryRefused, ConfigurationError. After
    MemoryStoreUnavailable nobody knows whether it was done.
    """

    name: str  # ids of one store mean nothing to another
    stores_later: bool  # what was added may not be found for a while

    def add(self, owner: str, slug: str, category: str, content: str) -> str | None:
        """Returns the new memory's id; None where Mem0 has accepted it and stores it later."""

    def update(self, memory_id: str, slug: str, category: str, content: str) -> bool:
        """Returns whether there was such a memory."""

    def find_by_slug(self, owner: str, slug: str) -> str | None:
        """Returns the oldest memory with this slug, if there is one."""

    def delete(self, memory_id: str) -> None:
        """Deletes a memory; one that is not there is deleted."""


def is_overdue(asked_at: datetime) -> bool:
    """Returns whether what was added at `asked_at` and is not found will not come any more."""
    return asked_at < datetime.now(UTC) - LONGEST_ACCEPTANCE


class Deadline:
    """When an attempt has to stop asking Mem0."""

    def __init__(self) -> None:
        self._over_at = time.monotonic() + WORKING_TIME

    def check(self) -> None:
        """Raises MemoriesUnfinished once the time is over."""
        if time.monotonic() >= self._over_at:
            raise MemoriesUnfinished("Mem0 is slow, and the run's time is over.")


@dataclass
class Outcome:
    """How many facts ended how, and why some did not."""

    counts: Counter[str] = field(
        default_factory=lambda: Counter(created=0, updated=0, unchanged=0, failed=0)
    )
    failures: dict[str, FiscalError] = field(default_factory=dict)  # by slug

    @property
    def stored(self) -> int:
        return self.counts.total() - self.counts["failed"]

    def check(self) -> None:
        """Raises what ends the attempt where a fact failed: transient while a retry may help."""
        if not self.failures:
            return
        refused = [e for e in self.failures.values() if not isinstance(e, TransientError)]
        transient = [e for e in self.failures.values() if isinstance(e, TransientError)]
        why = (transient or refused)[0]
        message = (
            f"{self.counts['failed']} of {self.counts.total()} memories are not stored"
            f" ({', '.join(sorted(self.failures))}): {why}"
        )
        if not transient:
            raise MemoriesRefused(message) from why
        error = MemoriesUnfinished(message)
        error.retry_after = max((e.retry_after or 0 for e in transient), default=0) or None
        raise error from why
