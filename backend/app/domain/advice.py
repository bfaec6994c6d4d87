"""Which layout keeps the objectives of the queues, and the sentence that says so."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from app.domain.replay import Arrival, Worker, replay

# Copies of one worker that are tried: as many browsers as may be at SII at once by default.
MOST_COPIES = 4


class PricedWorker(Worker, Protocol):
    """A worker that also says what is reserved for it."""

    @property
    def memory_mib(self) -> int:
        """Its memory limit."""


@dataclass(frozen=True)
class Objective:
    """`share` of a queue's runs start within `seconds`."""

    seconds: float
    share: float


@dataclass(frozen=True)
class Waits:
    """How long the runs of one queue waited, in s, and how many of them longer than allowed."""

    runs: int
    p50: float
    p95: float
    p99: float
    late: int
    objective: Objective

    @property
    def is_kept(self) -> bool:
        """Whether the objective is kept; without a run it is."""
        # In whole runs: 1 - 0.99 is a little more than a hundredth.
        return self.late <= round((1 - self.objective.share) * self.runs, 6)


@dataclass(frozen=True)
class Outcome:
    """What became of the arrivals in one layout: a topology, or one with copies."""

    topology: str
    workers: Sequence[PricedWorker]  # a copy is one more of the same
    waits: Mapping[str, Waits]

    @property
    def broken(self) -> list[str]:
        """The queues whose objective is not kept."""
        return [queue for queue, waits in self.waits.items() if not waits.is_kept]

    @property
    def size(self) -> tuple[int, int]:
        """What is compared: reserved memory in MiB, then the number of workers."""
        return sum(worker.memory_mib for worker in self.workers), len(self.workers)

    @property
    def name(self) -> str:
        """Such as 'topology two with 2 copies of slow'."""
        copies = Counter(worker.name for worker in self.workers)
        more = [f"{number} copies of {name}" for name, number in copies.items() if number > 1]
        return f"topology {self.topology}" + (f" with {' and '.join(more)}" if more else "")


def summarise(waits: Iterable[float], objective: Objective) -> Waits:
    """Returns the percentiles by nearest rank; zeros where nothing waited."""
    ordered = sorted(waits)

    def percentile(percent: int) -> float:
        # The smallest wait that at least so many of a hundred do not exceed.
        return ordered[-(-len(ordered) * percent // 100) - 1] if ordered else 0.0

    late = sum(wait > objective.seconds for wait in ordered)
    p50, p95, p99 = map(percentile, (50, 95, 99))
    return Waits(len(ordered), p50, p95, p99, late, objective)


def evaluate(
    topology: str,
    workers: Sequence[PricedWorker],
    arrivals: Sequence[Arrival],
    objectives: Mapping[str, Objective],
) -> Outcome:
    """Replays the arrivals, sorted, through a layout; one objective per queue of theirs."""
    waits: dict[str, list[float]] = {queue: [] for queue in objectives}
    for arrival, start in zip(arrivals, replay(arrivals, workers), strict=True):
        if arrival.counts:
            waits[arrival.queue].append(start - arrival.at)
    found = {queue: summarise(waits[queue], each) for queue, each in objectives.items()}
    return Outcome(topology, workers, found)


def add_copies(outcome: Outcome, arrivals: Sequence[Arrival]) -> Outcome | None:
    """Returns the topology with as many copies as keep every objective.

    Each worker of a queue that is late gets one more at a time. None where MOST_COPIES of each
    do not keep them.
    """
    objectives = {queue: waits.objective for queue, waits in outcome.waits.items()}
    while outcome.broken:
        copies = Counter(worker.name for worker in outcome.workers)
        one_of_each = {worker.name: worker for worker in outcome.workers}.values()
        more = [
            worker
            for worker in one_of_each
            if copies[worker.name] < MOST_COPIES
            and not set(outcome.broken).isdisjoint(worker.queues)
        ]
        if not more:
            return None
        workers = [*outcome.workers, *more]
        outcome = evaluate(outcome.topology, workers, arrivals, objectives)
    return outcome


def advise(outcomes: Sequence[Outcome], arrivals: Sequence[Arrival]) -> tuple[str, Outcome | None]:
    """Returns one sentence and the smallest layout that keeps every objective, if any does.

    `outcomes` are the topologies as they are declared; copies are tried where none of them does.
    """
    good = [outcome for outcome in outcomes if not outcome.broken]
    faults = "; ".join(
        f"{each.topology} breaks {', '.join(each.broken)}" for each in outcomes if each.broken
    )
    why = f" ({faults})" if faults else ""
    if good:
        best = min(good, key=lambda outcome: outcome.size)
        return f"Take {best.name}: it is the smallest that keeps every objective{why}.", best
    grown = [each for each in (add_copies(one, arrivals) for one in outcomes) if each]
    if grown:
        best = min(grown, key=lambda outcome: outcome.size)
        return f"Take {best.name}: no topology as declared keeps every objective{why}.", best
    return (
        f"Make the runs shorter, or spread when they start: not even {MOST_COPIES} copies of a"
        f" worker keep every objective{why}."
    ), None
