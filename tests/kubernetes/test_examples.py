"""Topologies of one's own are values alone: the files that the guide tells people to start from."""

from collections.abc import Iterator

import pytest
import yaml

from tests.kubernetes.namespace import own_namespace
from tests.kubernetes.release import CHART, Release
from tests.kubernetes.watching import flower_lists


@pytest.fixture(scope="module")
def release() -> Iterator[Release]:
    with own_namespace("fiscal-test-examples", restricted=True) as namespace:
        yield Release(namespace)


@pytest.mark.parametrize("example", ["fourth-worker", "two-selenium"])
def test_an_example_comes_up_and_each_queue_is_run(release: Release, example: str) -> None:
    file = CHART / "examples" / f"{example}.yaml"
    values = yaml.safe_load(file.read_text())
    workers = values["topologies"][values["topology"]]

    words = ("--install", "--reset-then-reuse-values", "-f", str(file))
    release.helm("upgrade", *words, "--wait", "--timeout", "5m")

    flower_lists(release, {worker["name"]: worker["queues"] for worker in workers})
    release.helm("test")


def test_a_value_that_cannot_work_is_refused_before_anything_is_created(release: Release) -> None:
    unborn = Release(release.namespace, "unborn")
    words = unborn.refused("install", "--set", "topology=four")
    assert "one, two, three" in words or "one, three, two" in words
    assert unborn.objects("deployments,jobs,secrets,pvc") == []
