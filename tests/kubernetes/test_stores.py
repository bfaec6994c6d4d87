"""Redis and Postgres of somebody else: by address, by Secret, and while they are not there yet."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kubernetes.namespace import own_namespace
from tests.kubernetes.release import Release
from tests.kubernetes.watching import termination_messages
from tests.waiting import wait_until

STORES = str(Path(__file__).with_name("stores.yaml"))
PASSWORD = "of-somebody-else"
ADDRESSES = (
    "--set", f"postgres.externalUrl=postgresql://fiscal:{PASSWORD}@theirs-postgres:5432/fiscal",
    "--set", f"redis.externalUrl=redis://:{PASSWORD}@theirs-redis:6379/0",
)  # fmt: skip
SECRET = ("--set", "postgres.existingSecret=stores,redis.existingSecret=stores")


@pytest.fixture(scope="module")
def release() -> Iterator[Release]:
    with own_namespace("fiscal-test-stores", restricted=True) as namespace:
        yield Release(namespace)


def test_pods_wait_for_stores_that_come_late_and_say_so(release: Release) -> None:
    release.helm("install", "--set", "topology=two", *ADDRESSES)

    (words, *_) = wait_until(
        lambda: termination_messages(release),
        timeout=180, what="the first migration gives up", every=1,
    )  # fmt: skip
    last = words.strip().splitlines()[-1]
    assert "Postgres at theirs-postgres:5432 does not answer" in last
    assert PASSWORD not in words
    (job,) = release.objects("jobs")
    assert job["spec"]["backoffLimit"] <= 6
    for pod in release.objects("pods", "app.kubernetes.io/component in (api, worker, beat)"):
        assert pod["status"]["phase"] == "Pending", pod["metadata"]["name"]
        (waiting,) = pod["status"]["initContainerStatuses"]
        assert waiting["restartCount"] == 0
    said = release.kubectl("logs", release.target("api"), "--container", "wait-for-schema")
    assert "waiting for the database to answer" in said

    release.kubectl("apply", "-f", STORES)
    release.wait_until_ready()
    release.helm("test")
    assert release.objects("statefulsets") == []


def test_an_existing_secret_takes_the_place_of_the_addresses(release: Release) -> None:
    release.helm("upgrade", "--set", "topology=two", *SECRET, "--wait", "--timeout", "5m")
    release.helm("test")
    keys = release.kubectl("get", "secret", "fiscal", "--output", "jsonpath={.data}")
    assert "postgres-password" not in keys
