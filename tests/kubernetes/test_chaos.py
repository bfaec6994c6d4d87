"""Every pod force-deleted while runs flow: nothing is lost, nothing happens twice.

All but the simulator's: it is the outside world, and its log is the evidence.
"""

import os
import secrets
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from functools import partial
from random import Random
from types import TracebackType
from typing import Any

import pytest

from tests.chaos.accounts import keep_accounts, settle
from tests.chaos.campaign import caught_up
from tests.chaos.work import NotBegun, Work
from tests.kubernetes.namespace import own_namespace
from tests.kubernetes.release import SHORTLY, Release
from tests.scenarios.load import end_source
from tests.scenarios.workers import database_time
from tests.waiting import wait_until

VALUES = ("--set", "demo.enabled=true,topology=two", "--wait", "--timeout", "5m")
ROLLS_EVERY_WORKER = ("--set", "workerDefaults.logLevel=warning")
VICTIMS = "!job-name,app.kubernetes.io/component!=simulator"
PUBLISHERS = ("api", "beat")
PAUSE = 1.0  # s between two probes of one publisher: a sync each 20 s is what one slot bears


class Flow(AbstractContextManager["Flow"]):
    """Work that two pods ask for: while one of them is away the other goes on."""

    def __init__(self, release: Release, label: str) -> None:
        self.release = release
        self.label = label
        self.sources: dict[str, Work] = {}
        self.begun = 0

    def __enter__(self) -> "Flow":
        self.renew()
        return self

    def renew(self) -> None:
        """Begins anew what died with its pod."""
        for part in PUBLISHERS:
            if part in self.sources:
                if self.sources[part].process.poll() is None:
                    continue
                died = self.sources[part].process
                end_source(died, timeout=5)
                assert died.returncode == 137, f"the source in {part} was not killed"
            self.sources[part] = wait_until(partial(self._begin, part), 180, f"{part} at work")

    def _begin(self, part: str) -> Work | None:
        """Returns a new source; None where its pod, or what it needs, is away again.

        Beat ends with Postgres: its pod may still count as rolled out while it does.
        """
        self.release.kubectl("rollout", "status", self.release.target(part), SHORTLY)
        self.begun += 1
        source = Work(self.release, self.label, part, (self.begun - 1) * 10_000 + 1, PAUSE)
        try:
            return source.__enter__()
        except NotBegun:
            return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for source in self.sources.values():
            end_source(source.process, timeout=90)


@pytest.fixture
def release() -> Iterator[Release]:
    with own_namespace("fiscal-test-chaos") as namespace:
        release = Release(namespace)
        release.helm("install", *VALUES)
        keep_accounts(release)
        yield release


def test_every_pod_is_force_deleted_at_random_before_and_after_an_upgrade(release: Release) -> None:
    seed = os.environ.get("SEED") or secrets.token_hex(4)
    print(f"seed {seed}")
    chance, label = Random(seed), f"chaos-{seed}"
    with Flow(release, label) as flow:
        kill_every_pod(release, flow, chance)
        before = serving(release, "fast", "slow")
        release.helm("upgrade", *VALUES, *ROLLS_EVERY_WORKER)
        assert not before & serving(release, "fast", "slow"), "the upgrade left a worker alone"
        kill_every_pod(release, flow, chance)
    accounts = settle(release, label)
    again = release.query("SELECT count(*) FROM runs WHERE attempts > 1")[0]["count"]
    print(f"{accounts.ended} runs ended: {dict(accounts.states)}; {again} were begun again,"
          f" {accounts.unknown} messages unknown")  # fmt: skip
    assert accounts.are_clean, (accounts.lost, accounts.doubled)


def kill_every_pod(release: Release, flow: Flow, chance: Random) -> None:
    """Deletes each pod that is there now, without grace; the next one once work is done again."""
    pods = release.objects("pods", VICTIMS)
    chance.shuffle(pods)
    for pod in pods:
        name = pod["metadata"]["name"]
        held = begin_sync(release) if name in serving(release, "slow") else None
        since, began = database_time(release), time.monotonic()
        kill(release, name)
        release.simulator.delete("faults")
        caught_up(release)
        print(f"{name}: works again after {time.monotonic() - began:.1f} s")
        if held:
            tell_of_sync(release, held, since)
        flow.renew()


def begin_sync(release: Release) -> dict[str, Any]:
    """Returns the row of a sync that is at work, on pages that are too slow for it to end soon."""
    company = next(one for one in release.seed_companies().values() if one["kind"] == "B")
    release.simulator.post("faults", json={"path": "/www4", "kind": "slow_page", "ms": 1000})
    run_id = release.start_sync(company["id"], months=3)
    running = f"SELECT id, worker FROM runs WHERE id = '{run_id}' AND state = 'running'"
    [row] = wait_until(lambda: release.query(running), 120, "a sync at work", every=0.5)
    return row


def tell_of_sync(release: Release, held: dict[str, Any], since: str) -> None:
    """Prints how soon a sync began again whose pod was killed."""
    [row] = release.wait_for_runs([held["id"]], timeout=180)
    assert row["attempts"] > 1, (held, row)
    took = datetime.fromisoformat(row["started_at"]) - datetime.fromisoformat(since)
    print(f"{held['worker']}: its sync began again after {took.total_seconds():.1f} s")


def kill(release: Release, pod: str) -> None:
    """Takes a pod away as a node does that is lost: nobody waits for its end."""
    # One that an upgrade has already stopped may be gone by itself.
    release.kubectl("delete", "pod", pod, "--force", "--grace-period=0", "--ignore-not-found")


def serving(release: Release, *workers: str) -> set[str]:
    """Returns the names of the workers' pods that are there to stay, and no others."""
    return {
        pod["metadata"]["name"]
        for pod in release.objects("pods", f"fiscal/worker in ({','.join(workers)})")
        if "deletionTimestamp" not in pod["metadata"]
    }
