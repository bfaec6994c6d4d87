"""Publishers that need no Redis."""

from typing import Any
from uuid import UUID

from app.infrastructure.celery.topology import TASKS
from app.infrastructure.db.models import Run


class Published:
    """Keeps the runs that would have gone into the queues, in their order."""

    def __init__(self) -> None:
        self.runs: list[Run] = []

    def queue_of(self, task: str) -> str:
        return TASKS.get(task, "default")

    def publish(self, run: Run) -> None:
        self.runs.append(run)

    @property
    def tasks(self) -> list[str]:
        return [str(run.task) for run in self.runs]

    @property
    def messages(self) -> list[tuple[UUID, dict[str, Any]]]:
        return [(run.id, run.kwargs or {}) for run in self.runs]


class Nowhere(Published):
    """For what may ask for runs and is not to publish any."""

    def publish(self, run: Run) -> None:
        raise AssertionError(run)
