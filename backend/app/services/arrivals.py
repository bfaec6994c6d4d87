"""What came in and how long it took, out of the ledger, as the model of workers wants it."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isnan, nan
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, select
from sqlalchemy.orm import Session

from app.domain.replay import Arrival
from app.errors import InvalidInput
from app.infrastructure.db.models import Run

MOST_STARTS = 200_000  # in memory at once: some 60 MiB, and a few seconds per topology
LEAD_IN = timedelta(hours=6)  # replayed before the window and not counted, so that it begins busy
# Ended so, a run's end says nothing of how long it ran.
_NOT_RUN = ("expired", "superseded")


@dataclass(frozen=True)
class Recorded:
    """What the ledger holds of a window."""

    arrivals: Sequence[Arrival]  # sorted; `at` in s since the window began
    waits: Mapping[str, Sequence[float]]  # s up to the first start as it was, per queue
    repeated: int  # arrivals that are second and later starts
    guessed: int  # arrivals whose run time is the mean of their task or queue
    left_out: Mapping[str, int]  # runs of the window, by reason


def read_arrivals(
    session: Session, since: datetime, until: datetime, queues: Sequence[str]
) -> Recorded:
    """Returns the runs that were asked for from `since` to before `until`, both aware.

    A run of n starts is n arrivals: the first when it was asked for, the last when it started for
    the last time, the others evenly in between. The ledger keeps the run time of the last alone;
    those before it are taken to be as long, but not longer than the time to the next start. A run
    without a run time (it waits, runs or expired) takes the mean of its task, else of its queue.
    Left out: runs of other queues, and those that were ended before they started.
    Raises InvalidInput where there is no run, or where there are more than MOST_STARTS starts.
    """
    _refuse_too_many(session, since, until)
    found: list[Arrival] = []
    waits: dict[str, list[float]] = {queue: [] for queue in queues}
    left_out: Counter[str] = Counter()
    repeated = 0
    for row in session.execute(_runs(since, until).execution_options(yield_per=2000)):
        is_within = row.queued_at >= since
        reason = _why_left_out(row, queues)
        if reason:
            left_out[reason] += is_within
            continue
        arrivals = list(_arrivals_of(row, since))
        found += arrivals
        started_at = row.first_started_at or row.started_at
        if is_within:
            repeated += len(arrivals) - 1
        if is_within and started_at:
            waits[row.queue].append(max((started_at - row.queued_at).total_seconds(), 0.0))
    known, guessed = _with_run_times(found)
    left_out["of a run time that nothing tells"] += len(found) - len(known)
    if not any(arrival.counts for arrival in known):
        raise InvalidInput(
            "The ledger holds no run of that window that could be replayed; choose another one, for"
            " example --days 30."
        )
    known.sort(key=lambda arrival: arrival.at)
    return Recorded(known, waits, repeated, guessed, +left_out)


def _runs(since: datetime, until: datetime) -> Select[Any]:
    columns = (
        *(Run.task, Run.queue, Run.state, Run.attempts),
        *(Run.queued_at, Run.first_started_at, Run.started_at, Run.finished_at),
    )
    return select(*columns).where(*_within(since, until))


def _within(since: datetime, until: datetime) -> tuple[ColumnElement[bool], ...]:
    return Run.queued_at >= since - LEAD_IN, Run.queued_at < until


def _refuse_too_many(session: Session, since: datetime, until: datetime) -> None:
    starts = func.sum(func.greatest(Run.attempts, 1))
    number = session.scalar(select(starts).where(*_within(since, until))) or 0
    if number > MOST_STARTS:
        raise InvalidInput(
            f"That window and the {LEAD_IN // timedelta(hours=1)} hours before it hold {number}"
            f" starts of runs, and {MOST_STARTS} are the most; choose a shorter one, with --days or"
            " with --since and --until."
        )


def _why_left_out(row: Row[Any], queues: Sequence[str]) -> str | None:
    if row.queue not in queues:
        return "of no queue of the topologies"
    if row.started_at is None and row.finished_at is not None and row.state != "expired":
        return "ended before they started"
    return None


def _arrivals_of(row: Row[Any], since: datetime) -> Iterator[Arrival]:
    """Yields a run's arrivals; their run times are nan where the row does not tell them."""
    asked = (row.queued_at - since).total_seconds()
    took = nan
    if row.started_at and row.finished_at and row.state not in _NOT_RUN:
        took = max((row.finished_at - row.started_at).total_seconds(), 0.0)
    one = Arrival(asked, row.queue, row.task or "", took, counts=asked >= 0)
    again = row.attempts - 1
    if again < 1 or not row.started_at:
        yield one
        return
    last = (row.started_at - since).total_seconds()
    first = ((row.first_started_at or row.started_at) - since).total_seconds()
    gap = max(last - first, 0.0) / again
    earlier = min(took, gap)  # of nan and a number, the first: nan
    yield one._replace(seconds=earlier)
    for number in range(1, again):
        yield one._replace(at=first + gap * number, seconds=earlier, counts=False)
    yield one._replace(at=last, counts=False)


def _with_run_times(arrivals: Sequence[Arrival]) -> tuple[list[Arrival], int]:
    """Returns them with means for what is not known, and how many of them got one.

    What there is no mean for either is left out.
    """
    seconds: defaultdict[tuple[str, str], float] = defaultdict(float)
    runs: Counter[tuple[str, str]] = Counter()
    for arrival in arrivals:
        if not isnan(arrival.seconds):
            for key in _keys(arrival):
                seconds[key] += arrival.seconds
                runs[key] += 1
    known, guessed = [], 0
    for arrival in arrivals:
        if not isnan(arrival.seconds):
            known.append(arrival)
            continue
        means = [seconds[key] / runs[key] for key in _keys(arrival) if runs[key]]
        if means:
            known.append(arrival._replace(seconds=means[0]))
            guessed += 1
    return known, guessed


def _keys(arrival: Arrival) -> tuple[tuple[str, str], ...]:
    return ("task", arrival.task), ("queue", arrival.queue)
