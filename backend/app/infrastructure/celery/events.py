"""A worker's events for Flower, without Celery's patience.

Celery sends a worker's heartbeat until Redis takes it, in the consumer's own loop: while Redis is
paused nothing else runs there, and no run's time limit strikes (celery 5.7.0, worker/heartbeat.py,
`retry=True`; seen in `make chaos` on 2026-11-28, for 80 s). An event that Redis does not take at
once waits in the dispatcher's buffer.
"""

from typing import Any

from celery.events.dispatcher import EventDispatcher


class Dispatcher(EventDispatcher):
    """What a worker sends its events by."""

    def send(self, type: str, **fields: Any) -> Any:
        """Sends an event, once."""
        return super().send(type, **fields | {"retry": False})


def send_events_once(app: Any) -> None:
    """Has the workers of `app` use the dispatcher above."""
    app.events.dispatcher_cls = Dispatcher
