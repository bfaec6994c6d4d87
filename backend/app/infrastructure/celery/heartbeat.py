"""A file that the consumer's own loop touches: the health check looks at its age.

`celery inspect ping` answers while the loop is stuck in a hung child, costs half a second of CPU
and is broadcast to every worker (docs/reliability.md). The file is touched only while the worker
can do what it is there for: Redis hears it, it asks for each of its queues, and no run outlives
its hard limit. A worker that is merely busy touches it as ever.
"""

import logging
import os
import time
from pathlib import Path
from typing import Any

from celery import bootsteps
from celery.worker import state

# In a container /tmp is its own tmpfs; the variable is for tests that run side by side.
HEARTBEAT = Path(os.environ.get("HEARTBEAT_FILE", "/tmp/heartbeat"))  # noqa: S108
INTERVAL = 5  # s
DEAF = 20.0  # s without an answer of Redis
OVERDUE = 60.0  # s after a hard limit, at which the pool kills its child

logger = logging.getLogger(__name__)


def forget_former_life() -> None:
    """Removes the file of the process before, which would make this one look alive already.

    On Kubernetes /tmp is the pod's: it outlives a container that is started again.
    """
    HEARTBEAT.unlink(missing_ok=True)


class Heartbeat(bootsteps.StartStopStep):
    """Beats while the consumer consumes; silent while it waits for Redis."""

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, parent: Any, **_: Any) -> None:
        self.entry: Any = None
        self.running_since: dict[str, float] = {}
        self.told: list[str] = []
        forget_former_life()  # here: before the first connection, and once per process
        super().__init__(parent)

    def start(self, parent: Any) -> None:
        """Starts beating with the loop."""
        HEARTBEAT.touch()
        self.entry = parent.timer.call_repeatedly(INTERVAL, self.beat, (parent,))

    def stop(self, parent: Any) -> None:  # noqa: ARG002 (Celery's signature)
        """Stops with the connection; the file grows old."""
        if self.entry is not None:
            self.entry.cancel()
            self.entry = None

    def beat(self, consumer: Any) -> None:
        """Touches the file, or says in the log, once, why it does not."""
        faults = self.faults(consumer)
        if not faults:
            HEARTBEAT.touch()
        elif faults != self.told:
            logger.error("unhealthy: %s", "; ".join(faults))
        self.told = faults

    def faults(self, consumer: Any) -> list[str]:
        """Returns what keeps this worker from its work, one clause per reason."""
        now = time.monotonic()
        active = tuple(state.active_requests)
        self.running_since = {each.id: self.running_since.get(each.id, now) for each in active}
        faults = []
        if now - consumer.alive_at > DEAF:
            faults.append("Redis does not answer")
        # A queue that an operator has taken away (`cancel_consumer`) is not in `consume_from`.
        wanted = consumer.app.amqp.queues.consume_from
        asked = consumer.task_consumer
        faults += [
            f"queue {name} is not asked" for name in wanted if not asked.consuming_from(name)
        ]
        faults += [
            f"run {each.id} is past its hard limit"
            for each in active
            if (limit := _hard_limit(each)) and now - self.running_since[each.id] > limit + OVERDUE
        ]
        return faults


def _hard_limit(request: Any) -> float | None:
    hard, _ = request.time_limits
    limit: float | None = hard or request.task.time_limit
    return limit
