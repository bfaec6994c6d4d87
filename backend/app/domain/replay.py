"""A model of workers: recorded runs go in, and when each would have started comes out.

It replays events in their order, with no clock and no chance in it. It takes for granted that

- a run holds its slot for as long as it did when it was recorded, whoever runs it and whatever runs
  beside it: slots share no core and no portal;
- a worker holds no more messages than it runs (one is fetched ahead, and only where a slot is
  free), and a queue gives out its runs in the order in which they came;
- slots per queue are honoured as `infrastructure/celery/lanes.py` does: a full lane is not asked, a
  queue without a run here is asked before those that have one, then the order of -Q counts;
- a retry is an arrival of its own, at the time at which it was recorded;
- no worker dies, drains or replaces a child, and no run expires while it waits.
"""

from array import array
from collections import deque
from collections.abc import Mapping, Sequence
from heapq import heappop, heappush
from math import nan
from typing import NamedTuple, Protocol

# s from a message that meets a free slot to its start in the ledger. Idle, `high` waits 4.5 to 8 ms
# at the 99th percentile (benchmarks/RESULTS.md, 2026-11-25).
START = 0.005
# s until a slot that falls free in a full lane, beside another free one, is seen: the pending BRPOP
# has to end, which is asked for after 50 ms (lanes.py), and Redis looks at its clock now and then.
# Measured with a prototype of the lanes: ten rounds of 1 s took 10.8 s, of which plain Celery's
# part, by seven rounds that took 7.15 s, is 0.2 s.
FULL_LANE = 0.06


class Worker(Protocol):
    """What the model has to know of a worker; one of `topology.py` is one."""

    @property
    def name(self) -> str:
        """Its name; copies share it."""

    @property
    def queues(self) -> Sequence[str]:
        """In the order in which they are asked."""

    @property
    def concurrency(self) -> int:
        """How many slots it has."""

    @property
    def slots(self) -> Mapping[str, int]:
        """The most of them that a queue may take; one that is not named may take all."""


class Arrival(NamedTuple):
    """One message: the first of a run, or that of a retry."""

    at: float  # s since the window began; negative before it
    queue: str
    task: str
    seconds: float  # for which it holds its slot
    counts: bool = True  # whether its wait is asked for: not a retry's, nor one before the window


class _Replica:
    """One copy of a worker while the replay goes on."""

    def __init__(self, worker: Worker) -> None:
        self.queues, self.slots = worker.queues, worker.slots
        self.free = worker.concurrency
        self.taken = dict.fromkeys(worker.queues, 0)

    def is_full(self, queue: str) -> bool:
        limit = self.slots.get(queue)
        return limit is not None and self.taken[queue] >= limit

    def next_queue(self, waiting: Mapping[str, deque[int]]) -> str | None:
        """Returns the queue that this replica takes its next run from; None for no run."""
        if not self.free:
            return None
        asked = [name for name in self.queues if waiting[name] and not self.is_full(name)]
        if not asked:
            return None
        return min(asked, key=lambda name: self.taken[name] > 0) if self.slots else asked[0]

    def take(self, queue: str) -> None:
        self.free -= 1
        self.taken[queue] += 1

    def release(self, queue: str) -> bool:
        """Gives a slot back; returns whether the worker asks for more of the queue late."""
        late = self.free > 0 and self.is_full(queue)
        self.free += 1
        self.taken[queue] -= 1
        return late


def replay(
    arrivals: Sequence[Arrival],
    workers: Sequence[Worker],
    *,
    start: float = START,
    full_lane: float = FULL_LANE,
) -> "array[float]":
    """Returns when each arrival starts, in s as `Arrival.at`, in the order of `arrivals`.

    They come sorted by `at`. A worker that is there twice has two copies. `start` and `full_lane`
    are what Celery and Redis add, in s. Raises ValueError for a queue that nobody consumes.
    """
    replicas = [_Replica(worker) for worker in workers]
    consumers = {
        queue: [number for number, replica in enumerate(replicas) if queue in replica.queues]
        for worker in workers
        for queue in worker.queues
    }
    waiting: dict[str, deque[int]] = {queue: deque() for queue in consumers}
    starts = array("d", [nan]) * len(arrivals)
    ends: list[tuple[float, int, int]] = []  # when, which arrival, by which replica

    def fill(number: int, now: float, late: str | None = None) -> None:
        replica = replicas[number]
        while (queue := replica.next_queue(waiting)) is not None:
            index = waiting[queue].popleft()
            starts[index] = now + start + (full_lane if queue == late else 0)
            replica.take(queue)
            heappush(ends, (starts[index] + arrivals[index].seconds, index, number))

    coming = 0
    while ends or coming < len(arrivals):
        # At the same moment slots fall free first.
        if ends and (coming == len(arrivals) or ends[0][0] <= arrivals[coming].at):
            now, index, number = heappop(ends)
            queue = arrivals[index].queue
            fill(number, now, queue if replicas[number].release(queue) else None)
            continue
        arrival = arrivals[coming]
        if arrival.queue not in consumers:
            raise ValueError(f"no worker consumes {arrival.queue}")
        waiting[arrival.queue].append(coming)
        for number in consumers[arrival.queue]:
            fill(number, arrival.at)
        coming += 1
    return starts
