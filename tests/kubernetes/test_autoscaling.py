"""The worker of scrapes by real KEDA: from none to as many as wait, and back, with no run ended."""

import json
from collections.abc import Iterator

import pytest
import yaml

from tests.kubernetes.cluster import bring_keda
from tests.kubernetes.namespace import own_namespace
from tests.kubernetes.release import CHART, Release
from tests.waiting import wait_until

EXAMPLE = CHART / "examples" / "autoscaled.yaml"
RUNS, SECONDS = 20, 6


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Release]:
    """The example as it is, but for how soon KEDA looks and lets go."""
    bring_keda()
    values = yaml.safe_load(EXAMPLE.read_text())
    (slow,) = [w for w in values["topologies"]["three-scaled"] if w["name"] == "slow"]
    slow["autoscaling"] |= {"pollingSeconds": 2, "cooldownSeconds": 10}
    file = tmp_path_factory.mktemp("values") / "autoscaled.yaml"
    file.write_text(json.dumps(values))
    with own_namespace("fiscal-test-scaled", restricted=True) as namespace:
        release = Release(namespace)
        release.helm("install", "-f", str(file), "--wait", "--timeout", "5m")
        yield release


def copies(release: Release) -> int:
    """Returns how many copies of `slow` there are to be."""
    deployment = json.loads(release.kubectl("get", release.target("slow"), "--output", "json"))
    return int(deployment["spec"]["replicas"])


def test_scrapes_bring_copies_which_all_go_once_nothing_runs(release: Release) -> None:
    wait_until(lambda: copies(release) == 0, timeout=120, what="no copy for nothing", every=1)

    ids = release.publish(*[("system.probe", "low", {"seconds": SECONDS})] * RUNS)
    seen = {0}

    def over() -> bool:
        seen.add(copies(release))
        return release.have_ended(ids)

    wait_until(over, timeout=300, what=f"the end of {RUNS} runs", every=1)

    runs = release.runs(ids)
    assert {(run["state"], run["attempts"]) for run in runs} == {("succeeded", 1)}
    assert max(seen) == 4, seen
    # While anything ran no copy was taken away: the four lived to the end.
    assert len({run["worker"] for run in runs}) == 4
    wait_until(lambda: copies(release) == 0, timeout=120, what="no copy afterwards", every=1)
