"""A sync of minutes loses its worker: it goes on elsewhere, or again, after what is committed."""

import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from app.services.attempts import MAX_CRASHES
from tests.chaos.containers import container, processes
from tests.chaos.syncs import RECOVERY, LongSync, started_again
from tests.integration.stack import Stack
from tests.scenarios.workers import database_time
from tests.waiting import wait_until

Companies = dict[str, dict[str, Any]]  # by kind
UP = ("compose", "up", "--detach", "--wait", "--no-deps", "--no-recreate", "slow", "--scale")


@pytest.fixture(scope="module")
def bundle(images: None) -> Iterator[Stack]:
    with Stack("workers", project="fiscal-syncs") as stack:
        yield stack


@pytest.fixture(scope="module")
def companies(bundle: Stack) -> Companies:
    return {company["kind"]: company for company in bundle.seed_companies().values()}


@pytest.fixture(autouse=True)
def healthy_portal(bundle: Stack) -> Iterator[None]:
    yield
    bundle.simulator.delete("faults")


@pytest.fixture
def report(capsys: pytest.CaptureFixture[str]) -> Iterator[list[tuple[str, float]]]:
    """What was measured: (what died, seconds until the run began again); printed at the end."""
    measured: list[tuple[str, float]] = []
    yield measured
    with capsys.disabled():
        for what, seconds in measured:
            print(f"\n| {what} | begun again after {seconds:.1f} s |", end="")


def kill_main_process(bundle: Stack) -> str:
    """Kills it from outside; returns the database's time just before."""
    main, _ = processes(bundle, "slow")
    killed_at = database_time(bundle)
    os.kill(main, signal.SIGKILL)
    return killed_at


def test_a_worker_comes_back_and_its_sync_goes_on_after_what_is_committed(
    bundle: Stack, companies: Companies, report: list[tuple[str, float]]
) -> None:
    sync = LongSync.begin(bundle, companies["A"])
    killed_at = kill_main_process(bundle)
    seconds = started_again(bundle, sync.run_id, 2, killed_at)
    report.append(("main process of the only slow worker", seconds))
    assert seconds < RECOVERY
    bundle.simulator.delete("faults")
    sync.assert_begun_again_once()
    sync.assert_whole()


def test_the_other_replica_takes_over_and_goes_on_after_what_is_committed(
    bundle: Stack, companies: Companies, report: list[tuple[str, float]]
) -> None:
    bundle.docker(*UP, "slow=2")
    try:
        sync = LongSync.begin(bundle, companies["D"])
        first = sync.run["worker"]
        killed_at = database_time(bundle)
        bundle.docker("kill", first.removeprefix("slow@"))  # a container's host name is its id
        seconds = started_again(bundle, sync.run_id, 2, killed_at)
        report.append(("one of two slow containers", seconds))
        assert seconds < RECOVERY
        bundle.simulator.delete("faults")
        sync.assert_begun_again_once()
        assert sync.run["worker"] != first
        assert len(bundle.docker("compose", "ps", "--quiet", "slow").split()) == 1
        sync.assert_whole()
    finally:
        bundle.docker(*UP, "slow=1")


def test_a_sync_that_kills_its_worker_each_time_is_given_up_and_the_next_succeeds(
    bundle: Stack, companies: Companies, report: list[tuple[str, float]]
) -> None:
    poison = companies["E"]
    rule = {"path": "/www4", "kind": "hold", "rut": poison["login_rut"]}
    bundle.simulator.post("faults", json=rule)
    run_id = bundle.start_sync(poison["id"])
    slow = container(bundle, "slow")

    def logins() -> int:
        tries = bundle.simulator.get("state").json()["login_attempts"]
        return len(tries.get(poison["login_rut"], []))

    def is_held() -> bool:
        return bool(bundle.simulator.get("state").json()["held"] == 1)

    def requests() -> dict[str, int]:
        return dict(bundle.simulator.get("state").json()["requests"])

    for start in range(1, MAX_CRASHES + 1):
        wait_until(is_held, 90, f"the portal holds start {start}", every=0.2)
        assert bundle.runs([run_id])[0]["attempts"] == start
        asked = requests()
        killed_at = kill_main_process(bundle)
        seconds = started_again(bundle, run_id, start + 1, killed_at)
        report.append((f"main process, start {start} of a poison run", seconds))
        assert seconds < RECOVERY
    [run] = bundle.wait_for_runs([run_id])
    assert (run["state"], run["error_code"]) == ("failed", "poison_run")
    assert requests() == asked  # the last start only gave it up
    said = bundle.execute("api", "fiscal", "status")
    assert any(run_id in line and "poison_run" in line for line in said.splitlines()), said
    assert "given up" in said

    [after] = bundle.wait_for_runs([bundle.start_sync(companies["F"]["id"])])
    assert after["state"] == "succeeded", after["error_message"]
    # No start came after the last, and each used the first one's session.
    assert bundle.runs([run_id])[0]["attempts"] == MAX_CRASHES + 1
    assert logins() == 1
    assert bundle.depth("low") == 0
    assert container(bundle, "slow") == slow
