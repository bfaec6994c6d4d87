"""Each platform's files say what `topology.py` says, field by field."""

from collections.abc import Callable
from dataclasses import fields

import pytest

from app.infrastructure.celery.topology import QUEUES, TOPOLOGIES, VISIBILITY_TIMEOUT, Worker
from tests.topology.compose_reader import read_compose
from tests.topology.helm_reader import read_helm
from tests.topology.railway_reader import read_railway

READERS: dict[str, Callable[[str], dict[str, Worker]]] = {
    "compose": read_compose,
    "helm": read_helm,
    "railway": read_railway,
}

each_platform = pytest.mark.parametrize("platform", READERS)
each_topology = pytest.mark.parametrize("topology", TOPOLOGIES)


@each_platform
@each_topology
def test_the_platform_deploys_exactly_the_workers_of_the_topology(
    platform: str, topology: str
) -> None:
    declared = {worker.name: worker for worker in TOPOLOGIES[topology]}
    found = READERS[platform](topology)

    assert found.keys() == declared.keys(), f"{platform}, topology {topology}: other workers"
    assert [
        f"{platform}, topology {topology}, worker {name}: {field.name} is"
        f" {getattr(found[name], field.name)!r}, topology.py says {getattr(worker, field.name)!r}"
        for name, worker in declared.items()
        for field in fields(worker)
        if getattr(found[name], field.name) != getattr(worker, field.name)
    ] == []


@each_platform
@each_topology
def test_a_worker_is_given_longer_to_stop_than_its_soft_shutdown_takes(
    platform: str, topology: str
) -> None:
    for worker in READERS[platform](topology).values():
        assert 0 < worker.soft_shutdown_seconds < worker.grace_seconds


@pytest.mark.parametrize("queue", QUEUES.values(), ids=str)
def test_a_run_is_stopped_softly_then_hard_and_only_then_redelivered(queue) -> None:
    assert 0 < queue.soft_time_limit < queue.time_limit < VISIBILITY_TIMEOUT


@each_platform
@each_topology
def test_no_queue_may_take_more_slots_than_its_worker_has(platform: str, topology: str) -> None:
    for worker in READERS[platform](topology).values():
        assert set(worker.slots) <= set(worker.queues)
        assert all(0 < most <= worker.concurrency for most in worker.slots.values())


@each_platform
@each_topology
def test_every_queue_is_consumed_and_chrome_is_where_it_is_needed(
    platform: str, topology: str
) -> None:
    workers = READERS[platform](topology).values()

    assert {queue for worker in workers for queue in worker.queues} == set(QUEUES)
    for worker in workers:
        assert not any(QUEUES[queue].needs_chrome for queue in worker.queues) or (
            worker.image == "selenium" and worker.shm_mib
        )
