"""Each topology from zero, in a namespace that refuses every pod that is less than restricted."""

from collections.abc import Iterator

import pytest

from app.infrastructure.celery.topology import TOPOLOGIES
from tests.kubernetes.deletion import assert_replaced_without_a_loss
from tests.kubernetes.namespace import own_namespace
from tests.kubernetes.release import Release
from tests.kubernetes.watching import flower_lists
from tests.scenarios.workers import declared, wait_for_consumers


@pytest.fixture(scope="module", params=TOPOLOGIES)
def topology(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def release(topology: str) -> Iterator[Release]:
    with own_namespace(f"fiscal-test-{topology}", restricted=True) as namespace:
        release = Release(namespace)
        release.helm("install", "--set", f"topology={topology}", "--wait", "--timeout", "5m")
        yield release


def test_it_comes_up_and_flower_lists_exactly_its_workers(release: Release, topology: str) -> None:
    release.helm("test")
    wait_for_consumers(release, declared(topology))
    flower_lists(release, declared(topology))


def test_its_workers_are_replaced_all_at_once_and_no_run_is_lost(
    release: Release, topology: str
) -> None:
    assert_replaced_without_a_loss(release, topology, tuple(declared(topology)))
