"""A scrape that hangs holds up nobody else: the reason why there is more than one worker."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from app.infrastructure.celery.topology import TOPOLOGIES
from tests.integration.stack import Stack
from tests.waiting import wait_until

LOW_WAITING = 20
PROMPT = 50  # runs in each of the other queues

SEED_NOTIFICATIONS = f"""
INSERT INTO users (id, email, full_name, phone)
VALUES (gen_random_uuid(), 'contadora@empresa.example', 'Contadora', '+56987654321')
ON CONFLICT DO NOTHING;
INSERT INTO memberships (user_id, company_id)
SELECT users.id, companies.id FROM users, companies ON CONFLICT DO NOTHING;
INSERT INTO notification_templates (code, subject, body, whatsapp_parameters)
VALUES ('isolation', 'Aviso {{{{ number }}}}', 'Aviso número {{{{ number }}}}.', '[]')
ON CONFLICT DO NOTHING;
INSERT INTO scheduled_notifications
    (id, dedupe_key, company_id, template_code, context, scheduled_for)
SELECT gen_random_uuid(), 'isolation:' || n, (SELECT min(id::text)::uuid FROM companies),
    'isolation', jsonb_build_object('number', n), now()
FROM generate_series(1, {PROMPT}) AS n;
"""


@pytest.fixture(params=["two", "three"])
def stack(request: pytest.FixtureRequest) -> Iterator[Stack]:
    stack: Stack = request.getfixturevalue(request.param)
    stack.topology = request.param  # type: ignore[attr-defined]
    yield stack
    stack.simulator.delete("faults")
    stack.docker("compose", "--profile", stack.profile, "start", "slow")


def test_a_held_scrape_and_a_full_low_queue_delay_nobody(stack: Stack) -> None:
    companies = list(stack.seed_companies().values())
    usable = [company for company in companies if company["kind"] != "G"]
    stack.simulator.post("faults", json=[{"path": "/www4", "kind": "hold", "count": 1000}])

    held = stack.start_sync(usable[0]["id"])
    wait_until(lambda: stack.runs([held])[0]["state"] == "running", what="the held run started")
    wait_until(lambda: stack.simulator.get("state").json()["held"], what="the portal holds it")
    waiting = stack.publish(*[("system.probe", "low", {})] * LOW_WAITING)
    stack.change(SEED_NOTIFICATIONS)
    prompt = stack.publish(
        *[("notifications.process_pending", "high", {"batch": 1})] * PROMPT,
        *[("whatsapp.cleanup_old_sessions", "default", {})] * PROMPT,
    )

    finished = stack.wait_for_runs(prompt)

    assert Counter(run["state"] for run in finished) == {"succeeded": 2 * PROMPT}
    assert stack.runs([held])[0]["state"] == "running"
    assert stack.depth("low") == LOW_WAITING
    assert stack.runs(waiting) == []
    subjects = [m["subject"] for m in stack.simulator.get("messages").json()]
    subjects = [subject for subject in subjects if subject.startswith("Aviso")]
    assert sorted(subjects) == sorted(f"Aviso {number}" for number in range(1, PROMPT + 1))
    assert_own_queues_only(stack)

    # Without the slow worker `low` waits and nothing else notices.
    stack.docker("compose", "--profile", stack.profile, "stop", "slow")
    assert stack.depth("low") == LOW_WAITING + 1  # the held run went back to its queue
    after = stack.publish(("system.probe", "high", {}), ("system.probe", "default", {}))
    assert all(run["state"] == "succeeded" for run in stack.wait_for_runs(after))
    assert stack.depth("low") == LOW_WAITING + 1

    # It comes back, and so does its work, to the end.
    stack.simulator.delete("faults")
    stack.docker("compose", "--profile", stack.profile, "start", "slow")
    low = stack.wait_for_runs([held, *waiting], timeout=240)
    assert Counter(run["state"] for run in low) == {"succeeded": LOW_WAITING + 1}
    assert_own_queues_only(stack)


def assert_own_queues_only(stack: Any) -> None:
    """Every run that somebody took was taken by a worker that consumes its queue."""
    queues = {worker.name: worker.queues for worker in TOPOLOGIES[stack.topology]}
    rows = stack.query("SELECT DISTINCT worker, queue FROM runs WHERE started_at IS NOT NULL")
    assert rows
    for row in rows:
        assert row["queue"] in queues[row["worker"].split("@")[0]], row
