"""Pods that somebody deletes while runs keep coming."""

from tests.kubernetes.release import Release
from tests.kubernetes.watching import pods
from tests.scenarios.load import Load
from tests.scenarios.workers import declared, wait_for_consumers
from tests.waiting import wait_until


def assert_replaced_without_a_loss(
    release: Release, topology: str, parts: tuple[str, ...], publisher: str = "api"
) -> None:
    """Deletes the pod of each part at once; `publisher` is the part that sends runs meanwhile."""
    before = pods(release)
    with Load(release, publisher) as load:
        for part in parts:
            (name,) = release.pods_of(part)
            release.kubectl("delete", "pod", name, "--wait=false")
        wait_until(
            lambda: len(before & pods(release)) == len(before) - len(parts),
            timeout=120, what=f"the end of {parts}", every=1,
        )  # fmt: skip
        release.wait_until_ready()
        wait_for_consumers(release, declared(topology))
    load.assert_all_done()
