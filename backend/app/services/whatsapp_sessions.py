"""Forgets WhatsApp conversations that have been silent for a while."""

import math
from dataclasses import dataclass
from typing import Any, Protocol

from app.errors import InvalidInput


@dataclass(frozen=True)
class Deleted:
    """What went."""

    sessions: int = 0
    messages: int = 0
    store_missing: bool = False  # nobody has talked yet: the store does not exist


class SessionStore(Protocol):
    """Where the assistant keeps its conversations."""

    def delete_silent_since(self, hours: float) -> Deleted:
        """Deletes every session without a new message in the last `hours`, and orphan messages.

        Raises StoreBusy where another process holds the store.
        """


def cleanup_old_sessions(store: SessionStore, *, threshold_hours: float = 1) -> dict[str, Any]:
    """Deletes sessions that have been silent for more than `threshold_hours`, and counts them.

    Raises InvalidInput for a threshold of zero or less, which would delete live conversations,
    and StoreBusy.
    """
    if not _is_positive(threshold_hours):
        raise InvalidInput(
            f"threshold_hours is {threshold_hours!r}; it must be a number of hours above 0.",
            "threshold_hours",
        )
    deleted = store.delete_silent_since(threshold_hours)
    return {
        "sessions_deleted": deleted.sessions,
        "messages_deleted": deleted.messages,
        "threshold_hours": threshold_hours,
        "db_missing": deleted.store_missing,
    }


def _is_positive(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value) and value > 0
