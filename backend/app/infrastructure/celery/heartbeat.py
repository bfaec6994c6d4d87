"""A file that the consumer's own loop touches: the health check looks at its age.

`celery inspect ping` answers while the loop is stuck in a hung child, costs half a second of CPU
and is broadcast to every worker (docs/reliability.md).
"""

from pathlib import Path
from typing import Any

from celery import bootsteps

HEARTBEAT = Path("/tmp/heartbeat")  # noqa: S108 (a tmpfs of the container's own)
INTERVAL = 5  # s


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
        forget_former_life()  # here: before the first connection, and once per process
        super().__init__(parent)

    def start(self, parent: Any) -> None:
        """Starts beating with the loop."""
        HEARTBEAT.touch()
        self.entry = parent.timer.call_repeatedly(INTERVAL, HEARTBEAT.touch)

    def stop(self, parent: Any) -> None:  # noqa: ARG002 (Celery's signature)
        """Stops with the connection; the file grows old."""
        if self.entry is not None:
            self.entry.cancel()
            self.entry = None
