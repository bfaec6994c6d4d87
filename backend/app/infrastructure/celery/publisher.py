"""Publishes runs through Celery."""

from kombu.exceptions import OperationalError

from app.errors import QueueUnavailable
from app.infrastructure.celery import app
from app.infrastructure.celery.topology import SYSTEM_TASKS, TASKS
from app.infrastructure.certificates import certificate_fault
from app.infrastructure.db.models import Run

TRIES = 3  # each on a connection of its own: a pooled one may have died with the Redis before


class CeleryPublisher:
    """Sends a run's message to the run's own queue."""

    def queue_of(self, task: str) -> str:
        """Returns the queue of a task; Celery's own tasks go where Celery sends them."""
        return (TASKS | SYSTEM_TASKS).get(task, str(app.conf.task_default_queue))

    def publish(self, run: Run) -> None:
        """Publishes a run's message. Raises QueueUnavailable where Redis does not take it."""
        for tries_left in reversed(range(TRIES)):
            try:
                _send(run)
            except OperationalError as error:
                if not tries_left:
                    raise QueueUnavailable(certificate_fault(error)) from error
            else:
                return


def _send(run: Run) -> None:
    # Without kombu's own retry, which publishes on a channel that it has closed itself where the
    # connection breaks while it declares a queue (kombu 5.7: messaging.py, Producer._publish).
    app.send_task(
        run.task,
        kwargs=run.kwargs or {},
        task_id=str(run.id),
        root_id=str(run.root_id),
        queue=run.queue,
        expires=run.expires_at,
        retry=False,
    )
