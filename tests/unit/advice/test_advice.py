"""Percentiles, objectives, growth and the sentence that comes of them."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from app.cli.advice_report import IDLE_MIB, OBJECTIVES, memory_at_work
from app.domain.advice import Objective, Outcome, Waits, advise, evaluate, summarise
from app.domain.growth import FARTHEST, grow
from app.domain.replay import Arrival
from app.infrastructure.celery.topology import QUEUES, STARTED_IN_TIME, TOPOLOGIES
from app.services.run_totals import BUCKETS
from tests.conftest import ROOT

RULES = ROOT / "deploy" / "helm" / "monitoring" / "rules" / "objectives.yaml"
SECOND = Objective(1, 0.99)


def low(number: int, seconds: float, apart: float = 0) -> list[Arrival]:
    return [Arrival(n * apart, "low", "sii.sync_documents", seconds) for n in range(number)]


def outcomes(arrivals: list[Arrival]) -> list[Outcome]:
    return [evaluate(name, each, arrivals, OBJECTIVES) for name, each in TOPOLOGIES.items()]


def test_percentiles_are_waits_that_occurred() -> None:
    assert summarise([3, 1, 2, 4], SECOND) == Waits(4, 2, 4, 4, 3, SECOND)
    hundred = summarise(range(1, 101), SECOND)
    assert (hundred.p50, hundred.p95, hundred.p99) == (50, 95, 99)
    assert summarise([], SECOND) == Waits(0, 0, 0, 0, 0, SECOND)


@pytest.mark.parametrize(
    ("runs", "late", "kept"),
    [(100, 1, True), (100, 2, False), (99, 1, False), (1000, 10, True), (0, 0, True)],
)
def test_one_run_of_a_hundred_may_be_late(runs: int, late: int, kept: bool) -> None:
    assert summarise([2.0] * late + [1.0] * (runs - late), SECOND).is_kept is kept


def test_the_alerts_hold_the_queues_to_the_same_objectives() -> None:
    (group,) = yaml.safe_load(RULES.read_text())["groups"]
    stated = {
        rule["labels"]["queue"]: rule["expr"]
        for rule in group["rules"]
        if rule.get("record") == "queue:fiscal_wait_objective:seconds"
    }
    assert stated == {name: f"vector({queue.wait_objective})" for name, queue in QUEUES.items()}
    assert {float(queue.wait_objective) for queue in QUEUES.values()} <= set(BUCKETS)
    budget = next(r for r in group["rules"] if r.get("record") == "queue:fiscal_wait_budget:left")
    assert budget["expr"].split("/")[-1].strip() == f"{1 - STARTED_IN_TIME:.2f}"


def test_every_workers_memory_is_known_and_below_its_limit() -> None:
    for workers in TOPOLOGIES.values():
        assert {worker.name for worker in workers} <= IDLE_MIB.keys()
        assert memory_at_work(workers) <= sum(worker.memory_mib for worker in workers)
    assert memory_at_work(TOPOLOGIES["two"]) == 213 + 380


def test_the_wait_of_a_retry_is_nobodys() -> None:
    first, retry = low(2, 10)
    found = evaluate("two", TOPOLOGIES["two"], [first, retry._replace(counts=False)], OBJECTIVES)
    assert found.waits["low"].runs == 1
    assert found.waits["low"].p99 < 1  # and it held the slot all the same


def test_the_smallest_topology_is_advised_where_each_keeps_all() -> None:
    arrivals = low(20, 600)
    sentence, best = advise(outcomes(arrivals), arrivals)
    assert sentence == "Take topology one: it is the smallest that keeps every objective."
    assert best is not None
    assert best.topology == "one"


def test_copies_are_advised_where_no_topology_is_enough() -> None:
    # 50 of 10 minutes at once: one slot starts 36 of them within 6 h, two all.
    arrivals = low(50, 600)
    assert [each.broken for each in outcomes(arrivals)] == [["low"]] * 3
    sentence, best = advise(outcomes(arrivals), arrivals)
    assert sentence == (
        "Take topology two with 2 copies of slow: no topology as declared keeps every objective"
        " (one breaks low; two breaks low; three breaks low)."
    )
    assert best is not None
    assert not best.broken
    assert best.size == (512 + 2 * 1536, 3)


def test_it_is_said_where_no_number_of_copies_is_enough() -> None:
    arrivals = low(50, 7 * 3600)
    sentence, best = advise(outcomes(arrivals), arrivals)
    assert best is None
    assert sentence.startswith("Make the runs shorter, or spread when they start: not even 4")


def test_a_topology_that_breaks_high_is_passed_over() -> None:
    # Three at once, each 15 s: two slots of `high` in three, three in one and two.
    arrivals = [
        Arrival(60.0 * n, "high", "notifications.process_pending", 15)
        for n in range(100)
        for _ in range(3)
    ]
    sentence, best = advise(outcomes(arrivals), arrivals)
    assert "(three breaks high)" in sentence
    assert best is not None
    assert best.topology == "one"


def test_growth_keeps_what_came_and_adds_copies_close_behind() -> None:
    burst = [*low(3, 5, apart=0.5), Arrival(1e4, "low", "sii.sync_documents", 7)]
    grown = grow(burst, 2, seed=1)
    assert len(grown) == 8
    assert set(burst) <= set(grown)
    assert [each.at for each in grown] == sorted(each.at for each in grown)
    assert sum(each.at < 1 for each in grown) == 4  # the copies of a burst are in the burst
    assert all(each.at <= 1 + FARTHEST for each in grown if each.seconds == 5)
    assert grown == grow(burst, 2, seed=1)
    assert grown != grow(burst, 2, seed=2)


@given(number=st.integers(0, 50), tenths=st.integers(1, 50), seed=st.integers())
def test_growth_multiplies(number: int, tenths: int, seed: int) -> None:
    grown = grow(low(number, 5, apart=10), tenths / 10, seed)
    assert number * (tenths // 10) <= len(grown) <= number * (tenths // 10 + 1)
    assert tenths % 10 or len(grown) == number * tenths // 10
