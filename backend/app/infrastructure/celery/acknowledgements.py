"""An acknowledgement that Redis does not take in time ends the worker's connection.

kombu logs it and goes on (Message.ack_log_error), its QoS counts the message as held for ever, and
the message of a run that was to go back to its queue stays where it is. After one lost answer a
worker with one slot takes nothing any more, and looks healthy: seen in `make chaos` on 2026-11-28.
With a new connection the worker holds nothing, and recovery.py puts back what lay under its name.

Read in celery 5.7.0 and kombu 5.7.0; `test_acknowledgements.py` fails where an upgrade differs.
"""

from typing import Any

from kombu.asynchronous import get_event_loop
from kombu.transport import redis


class QoS(redis.QoS):
    """Counts what a consumer holds; takes no failure to let go for done."""

    def ack(self, delivery_tag: Any) -> None:
        """Acknowledges a message. Raises what the client raises."""
        try:
            super().ack(delivery_tag)  # type: ignore[no-untyped-call]
        except Exception:
            _end_connection()
            raise

    def reject(self, delivery_tag: Any, requeue: bool = False) -> None:
        """Gives a message up, or back to its queue. Raises what the client raises."""
        try:
            super().reject(delivery_tag, requeue=requeue)  # type: ignore[no-untyped-call]
        except Exception:
            _end_connection()
            raise


def break_connection_when_unacknowledged() -> None:
    """Has every consumer of this process count by the QoS above."""
    redis.Channel.QoS = QoS


def _end_connection() -> None:
    loop = get_event_loop()
    if loop is not None:  # else nobody consumes here
        loop.call_soon(_lose_connection)  # type: ignore[no-untyped-call]


def _lose_connection() -> None:
    # From within the loop: there Celery meets it as the loss of its connection.
    raise ConnectionResetError("Redis did not take an acknowledgement.")
