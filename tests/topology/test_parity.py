"""Each platform's files say what `topology.py` says, and of all else what Compose says."""

from collections.abc import Callable

import pytest

from app.infrastructure.celery.topology import QUEUES, TOPOLOGIES, VISIBILITY_TIMEOUT, Worker
from tests.topology.comparison import differences
from tests.topology.compose_reader import (
    production_project,
    read_compose,
    read_compose_services,
    services_of,
    workers_of,
)
from tests.topology.helm_reader import read_helm, read_helm_services
from tests.topology.railway_reader import read_railway, read_railway_services
from tests.topology.service import Service

READERS: dict[str, Callable[[str], dict[str, Worker]]] = {
    "compose": read_compose,
    "helm": read_helm,
    "railway": read_railway,
}
SERVICES: dict[str, Callable[[], dict[str, Service]]] = {
    "helm": read_helm_services,
    "railway": read_railway_services,
}
COMMON = {
    "helm": {"api", "beat", "flower", "metrics", "simulator", "migrate", "redis", "postgres"},
    "railway": {"api", "beat", "flower", "metrics"},
}

each_topology = pytest.mark.parametrize("topology", TOPOLOGIES)
each_worker = pytest.mark.parametrize(
    "worker",
    {worker.name: worker for workers in TOPOLOGIES.values() for worker in workers}.values(),
    ids=lambda worker: worker.name,
)


@pytest.mark.parametrize("platform", READERS)
@each_topology
def test_the_platform_deploys_exactly_the_workers_of_the_topology(
    platform: str, topology: str
) -> None:
    declared = {worker.name: worker for worker in TOPOLOGIES[topology]}
    found = READERS[platform](topology)
    where = f"{platform}, topology {topology}"

    assert sorted(found) == sorted(declared), (
        f"{where}: the workers are {sorted(found)}, topology.py says {sorted(declared)}"
    )
    assert differences(where, "worker", found, declared, "topology.py") == []


@pytest.mark.parametrize("platform", SERVICES)
def test_everything_else_has_the_memory_and_the_time_that_compose_gives_it(platform: str) -> None:
    found, compose = SERVICES[platform](), read_compose_services("two")

    assert found.keys() == COMMON[platform], f"{platform}: the services are {sorted(found)}"
    told = {name: compose[name] for name in found}
    assert differences(platform, "service", found, told, "Compose") == []


@each_topology
def test_production_on_compose_is_what_compose_is_elsewhere(topology: str) -> None:
    resolved = production_project(topology)
    workers, services = workers_of(resolved), services_of(resolved)
    where = f"production, topology {topology}"

    assert workers.keys() == read_compose(topology).keys(), f"{where}: {sorted(workers)}"
    assert differences(where, "worker", workers, read_compose(topology), "compose.yaml") == []
    told = {name: read_compose_services(topology)[name] for name in services}
    assert differences(where, "service", services, told, "compose.yaml") == []


@each_worker
def test_a_worker_is_given_longer_to_stop_than_its_soft_shutdown_takes(worker: Worker) -> None:
    assert 0 < worker.soft_shutdown_seconds < worker.grace_seconds


@pytest.mark.parametrize("queue", QUEUES.values(), ids=str)
def test_a_run_is_stopped_softly_then_hard_and_only_then_redelivered(queue) -> None:
    assert 0 < queue.soft_time_limit < queue.time_limit < VISIBILITY_TIMEOUT


@each_worker
def test_no_queue_may_take_more_slots_than_its_worker_has(worker: Worker) -> None:
    assert set(worker.slots) <= set(worker.queues)
    assert all(0 < most <= worker.concurrency for most in worker.slots.values())


@each_worker
def test_chrome_is_where_it_is_needed(worker: Worker) -> None:
    assert not any(QUEUES[queue].needs_chrome for queue in worker.queues) or (
        worker.image == "selenium" and worker.shm_mib
    )


@each_topology
def test_every_queue_is_consumed(topology: str) -> None:
    consumed = {queue for worker in TOPOLOGIES[topology] for queue in worker.queues}

    assert consumed == set(QUEUES)
