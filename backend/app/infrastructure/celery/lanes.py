"""Lanes: how many of a worker's slots the runs of one queue may take.

An order of queues chooses between messages that wait. It cannot help once every slot runs something
long: a message of the first queue then waits for a slot. A lane is a limit per queue, so that the
slots which the others may not take stay free for it. `high:3,default:2,low:1` on four slots means:

- no queue ever has more runs here than its limit, so at least one slot is free of `default` and
  `low` together, and there is never more than one Chrome;
- a queue that an operator has paused is not asked at all;
- a queue that has no run here is asked before those that have one, and then the order of -Q counts:
  under a flood of all three, `high` has two slots and each of the others one. Nobody starves.

A run takes its slot from the moment when its message is taken until it is acknowledged. A message
that waits for its time here (ETA, countdown of a retry) takes none; when its time comes and its
lane is full, or its queue is paused, it goes back to the head of its queue.

Depends on nothing but Celery and kombu, and there on what is no documented interface: see
`tests/unit/celery/test_lanes_upgrade.py`. Read in celery 5.7.0 and kombu 5.7.0.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from celery import bootsteps
from celery.worker import state
from kombu.utils.scheduling import priority_cycle

# s. While a lane is full, the pending BRPOP does not ask for its queue: a slot that falls free
# would be seen up to a second late, which is how long a BRPOP takes. Idle, no lane is full.
WAIT_WHILE_FULL = 0.05


def parse_slots(declared: str) -> dict[str, int]:
    """Returns 'high:3,default:2' as a mapping; '' is no limit. Raises ValueError."""
    pairs = (part.partition(":") for part in declared.split(",") if part.strip())
    return {queue.strip(): int(most) for queue, _, most in pairs}


def taken(queue: str) -> int:
    """Returns how many slots of this worker the runs of a queue take."""
    return sum(
        request.delivery_info["routing_key"] == queue for request in tuple(state.reserved_requests)
    )


class Lanes(priority_cycle):
    """The queues that the next BRPOP asks, in order; kombu's `queue_order_strategy`."""

    def __init__(
        self, slots: Mapping[str, int], paused: Callable[[], Collection[str]] = frozenset
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.slots = slots
        self.paused = paused

    def consume(self, n: int) -> Sequence[str]:
        """Returns those of the first `n` queues that are not paused and whose lane has room."""
        paused = self.paused()
        queues = [queue for queue in self.items[:n] if queue not in paused]
        if not self.slots:
            return queues
        with_room = [queue for queue in queues if not self.is_full(queue)]
        return sorted(with_room, key=lambda queue: taken(queue) > 0)

    def is_full(self, queue: str) -> bool:
        """Returns whether the queue's runs take all slots that it may have."""
        limit = self.slots.get(queue)
        return limit is not None and taken(queue) >= limit

    def leave_one_out(self) -> bool:
        """Returns whether the next BRPOP does not ask for every queue."""
        return any(self.is_full(queue) for queue in self.items)


class LaneKeeper(bootsteps.StartStopStep):
    """Makes a consumer ask again soon while a lane is full, and send back what has no room."""

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, parent: Any, **_: Any) -> None:
        # Here and not in `start`: Celery binds the method when it makes the tasks' strategies.
        self.consumer = parent
        self.apply_now = parent.apply_eta_task
        parent.apply_eta_task = self.apply_or_send_back
        super().__init__(parent)

    def start(self, parent: Any) -> None:
        """Shortens the wait of this connection's channel while a lane is full."""
        channel = parent.task_consumer.channel
        ask = channel._brpop_start

        def ask_for_as_long_as_it_holds(timeout: float | None = None) -> None:
            full = timeout is None and channel._queue_cycle.leave_one_out()
            ask(WAIT_WHILE_FULL if full else timeout)

        channel._brpop_start = ask_for_as_long_as_it_holds

    def apply_or_send_back(self, request: Any) -> None:
        """Hands a message whose time has come to the pool, or back to the head of its queue."""
        cycle = self.consumer.task_consumer.channel._queue_cycle
        queue = request.delivery_info["routing_key"]
        no_slot = len(state.reserved_requests) >= self.consumer.pool.num_processes
        if queue in cycle.paused() or (cycle.slots and (no_slot or cycle.is_full(queue))):
            state.task_ready(request)  # forget it
            request.reject(requeue=True)
            self.consumer.qos.decrement_eventually()
        else:
            self.apply_now(request)
