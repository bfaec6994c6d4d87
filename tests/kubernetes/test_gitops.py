"""Two releases side by side: one by Helm, one rendered and applied as GitOps tools do."""

import json
from collections.abc import Iterator

import pytest

from tests.kubernetes.namespace import own_namespace
from tests.kubernetes.release import Release
from tests.kubernetes.watching import KEPT, POLICIES, flower_lists
from tests.scenarios.workers import declared, probe, wait_for_consumers

# What `lookup` cannot find for `helm template`: the Secret, and how volumes are owned.
RENDERED = (
    "--set", "topology=three,secrets.existingSecret=git-ops",
    "--set", "redis.persistence.ownership=root,postgres.persistence.ownership=root",
)  # fmt: skip
SECRET = {
    "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "git-ops"},
    "stringData": {
        "secret-keys": "c2VjcmV0LWtleS1vZi1hLXRlc3QtMzItYnl0ZXMtbG8=", "api-keys": "an-api-key",
        "flower-basic-auth": "fiscal:a-password", "metrics-basic-auth": "fiscal:another",
        "redis-password": "of-redis",
        "postgres-password": "of-postgres",
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def namespace() -> Iterator[str]:
    with own_namespace("fiscal-test-neighbours") as namespace:
        yield namespace


@pytest.fixture(scope="module")
def fiscal(namespace: str) -> Release:
    return Release(namespace)


@pytest.fixture(scope="module")
def otra(namespace: str) -> Release:
    return Release(namespace, "otra")


def test_two_workers_come_up_without_waiting_beside_a_rendered_release(
    fiscal: Release, otra: Release
) -> None:
    fiscal.helm("install", "--set", "topology=two")
    otra.kubectl("apply", "-f", "-", stdin=json.dumps(SECRET))
    otra.kubectl("apply", "-f", "-", stdin=otra.helm("template", "--no-hooks", *RENDERED))
    fiscal.wait_until_ready()
    otra.wait_until_ready()
    fiscal.helm("test")
    flower_lists(fiscal, declared("two"))
    wait_for_consumers(otra, declared("three"))
    assert probe(otra, "high", "default", "low") == {"high", "default", "slow"}


def test_applying_the_same_again_changes_nothing(otra: Release) -> None:
    rendered = otra.helm("template", "--no-hooks", *RENDERED)
    before = generations(otra)
    assert otra.kubectl("diff", "-f", "-", stdin=rendered) == ""  # what a GitOps tool calls drift
    otra.kubectl("apply", "-f", "-", stdin=rendered)
    assert generations(otra) == before


def test_neighbours_do_not_touch_each_other(fiscal: Release, otra: Release) -> None:
    before = generations(otra)

    fiscal.helm("upgrade", "--set", "topology=one", "--wait", "--timeout", "5m")
    assert generations(otra) == before
    assert probe(fiscal, "high", "default", "low") == {"all"}
    assert probe(otra, "high", "default", "low") == {"high", "default", "slow"}

    fiscal.helm("uninstall", "--wait", "--timeout", "3m")
    assert generations(otra) == before
    assert probe(otra, "high", "default", "low") == {"high", "default", "slow"}


def generations(release: Release) -> dict[str, tuple[str, int | None]]:
    """Returns what would change were an object made again or its spec changed."""
    return {
        f"{one['kind']}/{one['metadata']['name']}": (
            one["metadata"]["uid"], one["metadata"].get("generation")
        )
        for one in release.objects(f"{KEPT},{POLICIES}")
    }  # fmt: skip
