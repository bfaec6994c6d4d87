"""The demo in a namespace that refuses every pod that is less than restricted."""

from collections.abc import Iterator

import pytest

from tests.kubernetes.namespace import own_namespace
from tests.kubernetes.release import Release
from tests.scenarios.consumers import no_queue_is_left_alone
from tests.scenarios.isolation import assert_a_held_scrape_delays_nobody
from tests.scenarios.load import Load
from tests.scenarios.notifications import assert_each_arrived_once, schedule_notifications
from tests.scenarios.rollout import assert_two_workers_roll_out_and_back
from tests.scenarios.workers import declared, wait_for_consumers

TOLD = 20  # notifications at each change
CHANGES = ("two", "three", "one")
WAITING = ("--wait", "--timeout", "5m")


def change_to(demo: Release, topology: str) -> None:
    """Changes the layout as the guide says; the rest stays as it was set."""
    words = ("--reset-then-reuse-values", "--set", f"topology={topology}")
    demo.helm("upgrade", *words, *WAITING)


@pytest.fixture(scope="module")
def demo() -> Iterator[Release]:
    with own_namespace("fiscal-test-demo", restricted=True) as namespace:
        demo = Release(namespace)
        demo.helm("install", "--set", "topology=one,demo.enabled=true", *WAITING, "--atomic")
        yield demo


def test_a_change_of_layout_loses_nothing_and_repeats_nothing(demo: Release) -> None:
    companies = [one for one in demo.seed_companies().values() if one["kind"] in "ABC"]
    # Slow enough for each sync to be under way when its worker has to stop.
    demo.simulator.post("faults", json={"path": "/www4", "kind": "slow_page", "ms": 1000})
    with no_queue_is_left_alone(demo), Load(demo) as load:
        for topology, company in zip(CHANGES, companies, strict=True):
            schedule_notifications(demo, f"To {topology}", TOLD)
            load.published += demo.publish(
                *[("notifications.process_pending", "high", {"batch": 1})] * TOLD
            )
            sync = demo.start_sync(company["id"])
            change_to(demo, topology)
            wait_for_consumers(demo, declared(topology))
            demo.helm("test")
            assert demo.wait_for_runs([sync], timeout=300)[0]["state"] == "succeeded"
    demo.simulator.delete("faults")
    load.assert_all_done_once()
    for topology in CHANGES:
        assert_each_arrived_once(demo, f"To {topology}", TOLD)


def test_two_workers_roll_out_and_back_and_lose_nothing(demo: Release) -> None:
    assert_two_workers_roll_out_and_back(
        demo,
        to_two=lambda: change_to(demo, "two"),
        to_one=lambda: demo.helm("rollback", *WAITING),
    )


@pytest.mark.parametrize("topology", ["two", "three"])
def test_a_held_scrape_and_a_full_low_queue_delay_nobody(demo: Release, topology: str) -> None:
    change_to(demo, topology)
    wait_for_consumers(demo, declared(topology))
    assert_a_held_scrape_delays_nobody(demo, topology)


def test_the_documents_of_every_company_equal_the_portal_s(demo: Release) -> None:
    assert "equal" in demo.execute("api", "fiscal", "demo")  # ends with 1 where one is not
