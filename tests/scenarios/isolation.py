"""A scrape that hangs holds up nobody else: the reason why there is more than one worker."""

import secrets
from collections import Counter

from tests.bundle import Bundle
from tests.scenarios.notifications import assert_each_arrived_once, schedule_notifications
from tests.scenarios.workers import assert_own_queues_only, database_time
from tests.waiting import wait_until

LOW_WAITING = 20
PROMPT = 50  # runs in each of the other queues


def assert_a_held_scrape_delays_nobody(bundle: Bundle, topology: str) -> None:
    """The portal holds a sync, `low` is full, then its worker is gone: the others work on.

    When the portal lets go and the worker comes back, so does its work, to the end.
    """
    since = database_time(bundle)
    try:
        held, waiting = _hold_a_scrape(bundle)
        _finish_everything_else(bundle, topology, held, waiting)
        _live_without_the_slow_worker(bundle)
    finally:
        bundle.simulator.delete("faults")
        bundle.start("slow")
    low = bundle.wait_for_runs([held, *waiting], timeout=240)
    assert Counter(run["state"] for run in low) == {"succeeded": LOW_WAITING + 1}
    assert_own_queues_only(bundle, topology, since)


def _hold_a_scrape(bundle: Bundle) -> tuple[str, list[str]]:
    """Returns the run that the portal holds, and those that wait behind it."""
    companies = list(bundle.seed_companies().values())
    usable = [company for company in companies if company["kind"] != "G"]
    bundle.simulator.post("faults", json=[{"path": "/www4", "kind": "hold", "count": 1000}])
    held = bundle.start_sync(usable[0]["id"])
    wait_until(
        lambda: bundle.simulator.get("state").json()["held"], timeout=60, what="the portal holds it"
    )
    assert bundle.runs([held])[0]["state"] == "running"
    return held, bundle.publish(*[("system.probe", "low", {})] * LOW_WAITING)


def _finish_everything_else(bundle: Bundle, topology: str, held: str, waiting: list[str]) -> None:
    label = f"Isolation {topology} {secrets.token_hex(2)}"
    schedule_notifications(bundle, label, PROMPT)
    prompt = bundle.publish(
        *[("notifications.process_pending", "high", {"batch": 1})] * PROMPT,
        *[("whatsapp.cleanup_old_sessions", "default", {})] * PROMPT,
    )
    finished = bundle.wait_for_runs(prompt)
    assert Counter(run["state"] for run in finished) == {"succeeded": 2 * PROMPT}
    assert bundle.runs([held])[0]["state"] == "running"
    assert bundle.depth("low") >= LOW_WAITING  # beat's hour may add to it
    assert bundle.runs(waiting) == []
    assert_each_arrived_once(bundle, label, PROMPT)


def _live_without_the_slow_worker(bundle: Bundle) -> None:
    bundle.stop("slow")
    assert bundle.depth("low") > LOW_WAITING  # the held run went back to its queue
    after = bundle.publish(("system.probe", "high", {}), ("system.probe", "default", {}))
    assert all(run["state"] == "succeeded" for run in bundle.wait_for_runs(after))
    assert bundle.depth("low") > LOW_WAITING
