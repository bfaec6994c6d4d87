"""What Mem0's stand-in keeps."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from simulator.faults import Fault


@dataclass
class Memory:
    """One memory; nobody sees it while `held_by` is in force."""

    user_id: str
    memory: str
    metadata: dict[str, Any]
    held_by: Fault | None = None
    id: str = field(default_factory=lambda: str(uuid4()))
    created_at: str = field(default_factory=lambda: datetime.now(UTC).isoformat())

    @property
    def is_there(self) -> bool:
        """Whether Mem0 has stored what it accepted."""
        return self.held_by is None or self.held_by.removed.is_set()

    def report(self) -> dict[str, Any]:
        """The memory as the API shows it."""
        return {name: value for name, value in vars(self).items() if name != "held_by"}
