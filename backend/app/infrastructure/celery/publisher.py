"""Publishes runs through Celery."""

from typing import Any

from kombu.exceptions import OperationalError

from app.errors import QueueUnavailable
from app.infrastructure.celery import app
from app.infrastructure.celery.ledger import RECORDED
from app.infrastructure.celery.topology import SYSTEM_TASKS, TASKS
from app.infrastructure.db.models import Run


class CeleryPublisher:
    """Sends a run's message to the run's own queue, else to that of its task."""

    def publish(self, run: Run, kwargs: dict[str, Any]) -> str:
        """Returns the queue's name. Raises QueueUnavailable where Redis does not answer."""
        queue: str = run.queue or (TASKS | SYSTEM_TASKS)[str(run.task)]
        try:
            app.send_task(
                run.task,
                kwargs=kwargs,
                task_id=str(run.id),
                root_id=str(run.root_id),
                queue=queue,
                headers={RECORDED: True},
            )
        except OperationalError as error:
            raise QueueUnavailable from error
        return queue
