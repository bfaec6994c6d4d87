"""The model of workers: against cases worked out by hand, and what holds for any arrivals."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.replay import Arrival, Worker, replay
from app.infrastructure.celery.topology import QUEUES, TOPOLOGIES

ALL = TOPOLOGIES["one"][0]
ONE_SLOT = replace(ALL, queues=("low",), concurrency=1, slots={})


def arrivals(*given: tuple[float, str, float]) -> list[Arrival]:
    return [Arrival(at, queue, f"{queue}.task", seconds) for at, queue, seconds in given]


def exactly(runs: Sequence[Arrival], workers: Sequence[Worker]) -> list[float]:
    """Replays without what Celery and Redis add."""
    return list(replay(runs, workers, start=0, full_lane=0))


def running(runs: Sequence[Arrival], starts: Sequence[float], at: float) -> Counter[str]:
    """Counts what runs at a moment, by queue."""
    return Counter(
        run.queue
        for run, start in zip(runs, starts, strict=True)
        if start <= at < start + run.seconds
    )


def test_one_slot_serves_in_order_and_rests_where_nothing_waits() -> None:
    runs = arrivals(*((at, "low", 2.0) for at in (0, 1, 2, 3, 7.5, 20)))
    assert exactly(runs, [ONE_SLOT]) == [0, 2, 4, 6, 8, 20]


def test_the_load_of_a_full_slot_piles_up_by_the_formula() -> None:
    # One each 8 s that takes 10 s: the nth, from 0, waits 2 s longer than the one before.
    runs = arrivals(*((8.0 * n, "low", 10.0) for n in range(50)))
    waits = [start - run.at for run, start in zip(runs, exactly(runs, [ONE_SLOT]), strict=True)]
    assert waits == [2.0 * n for n in range(50)]


def test_two_copies_share_a_queue() -> None:
    runs = arrivals(*((0, "low", 10.0) for _ in range(6)))
    assert exactly(runs, [ONE_SLOT, ONE_SLOT]) == [0, 0, 10, 10, 20, 20]


def test_a_slow_run_blocks_its_own_queue_alone() -> None:
    runs = arrivals((0, "low", 600), (1, "low", 1), (1, "high", 1), (1, "default", 1))
    for topology in ("one", "two", "three"):
        assert exactly(runs, TOPOLOGIES[topology]) == [0, 600, 1, 1]


def test_without_lanes_slow_runs_block_everybody() -> None:
    runs = arrivals(*((0, "low", 600) for _ in range(4)), (1, "high", 1))
    assert exactly(runs, [replace(ALL, slots={})])[-1] == 600
    assert exactly(runs, [ALL])[-1] == 1


def test_a_flood_of_all_queues_leaves_a_slot_to_each() -> None:
    # As `test_lanes.py` sees it on a real worker. At 0 `high` was first and took its three.
    runs = arrivals(*((0, queue, 10.0) for queue in ("high", "default", "low") for _ in range(20)))
    starts = exactly(runs, [ALL])
    assert running(runs, starts, 5) == {"high": 3, "default": 1}
    for moment in (15, 25, 45):
        assert running(runs, starts, moment) == {"high": 2, "default": 1, "low": 1}


def test_a_flood_of_one_queue_stops_at_its_limit() -> None:
    runs = arrivals(*((0, "default", 10.0) for _ in range(6)), (1, "high", 1))
    assert exactly(runs, TOPOLOGIES["two"]) == [0, 0, 10, 10, 20, 20, 1]


def test_each_start_costs_what_celery_takes() -> None:
    runs = arrivals((0, "low", 1), (0, "low", 1))
    assert list(replay(runs, [ONE_SLOT], start=0.5, full_lane=9)) == [0.5, 2.0]


def test_a_full_lane_is_seen_late_only_while_another_slot_is_free() -> None:
    fast = replace(ALL, queues=("high", "default"), concurrency=2, slots={"default": 1})
    runs = arrivals((0, "default", 1), (0, "default", 1))
    assert list(replay(runs, [fast], start=0, full_lane=0.25)) == [0, 1.25]
    beside = arrivals((0, "high", 9), (0, "default", 1), (0, "default", 1))
    assert list(replay(beside, [fast], start=0, full_lane=0.25)) == [0, 0, 1]


def test_a_queue_that_nobody_consumes_is_an_error() -> None:
    with pytest.raises(ValueError, match="no worker consumes high"):
        replay(arrivals((0, "high", 1)), [ONE_SLOT])


# In eighths of a second, so that sums are exact.
EIGHTHS = st.integers(0, 80).map(lambda number: number / 8)
TRAFFIC = st.lists(st.tuples(EIGHTHS, st.sampled_from(list(QUEUES)), EIGHTHS), max_size=40).map(
    lambda given: arrivals(*sorted(given, key=lambda one: one[0]))
)
any_topology = pytest.mark.parametrize("topology", TOPOLOGIES)
quickly = settings(max_examples=60, deadline=None)


@any_topology
@quickly
@given(runs=TRAFFIC)
def test_runs_start_in_order_and_not_before_they_come(topology: str, runs: list[Arrival]) -> None:
    starts = exactly(runs, TOPOLOGIES[topology])
    assert all(start >= run.at for run, start in zip(runs, starts, strict=True))
    for queue in QUEUES:
        of_queue = [s for run, s in zip(runs, starts, strict=True) if run.queue == queue]
        assert of_queue == sorted(of_queue)


@any_topology
@quickly
@given(runs=TRAFFIC)
def test_slots_are_never_exceeded_and_none_is_idle_that_could_work(
    topology: str, runs: list[Arrival]
) -> None:
    starts = exactly(runs, TOPOLOGIES[topology])
    ends = [start + run.seconds for run, start in zip(runs, starts, strict=True)]
    for moment in {*starts, *ends, *(run.at for run in runs)}:
        now = running(runs, starts, moment)
        waiting = {
            run.queue for run, start in zip(runs, starts, strict=True) if run.at <= moment < start
        }
        for worker in TOPOLOGIES[topology]:
            used = sum(now[queue] for queue in worker.queues)
            assert used <= worker.concurrency
            for queue in worker.queues:
                most = worker.slots.get(queue, worker.concurrency)
                assert now[queue] <= most
                assert queue not in waiting or used == worker.concurrency or now[queue] == most


@quickly
@given(runs=TRAFFIC)
def test_in_three_high_knows_nothing_of_the_others(runs: list[Arrival]) -> None:
    alone = [run for run in runs if run.queue == "high"]
    starts = exactly(runs, TOPOLOGIES["three"])
    beside = [s for run, s in zip(runs, starts, strict=True) if run.queue == "high"]
    assert beside == exactly(alone, TOPOLOGIES["three"])


@pytest.mark.parametrize("topology", ["one", "two"])
@quickly
@given(runs=TRAFFIC)
def test_with_lanes_high_waits_for_nobody_but_itself(topology: str, runs: list[Arrival]) -> None:
    starts = exactly(runs, TOPOLOGIES[topology])
    for run, start in zip(runs, starts, strict=True):
        if run.queue == "high" and start > run.at:
            assert running(runs, starts, run.at)["high"]


@any_topology
@quickly
@given(runs=TRAFFIC)
def test_the_same_arrivals_give_the_same_starts(topology: str, runs: list[Arrival]) -> None:
    assert replay(runs, TOPOLOGIES[topology]) == replay(runs, TOPOLOGIES[topology])
