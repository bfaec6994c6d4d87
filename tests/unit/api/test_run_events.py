"""A page follows a run: what it is told, and when it is told no more."""

import json
import threading
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
from sqlalchemy import update
from sqlalchemy.orm import Session

from app.infrastructure.db.models import Run
from tests.unit.api.conftest import refused
from tests.unit.api.test_runs import add_run
from tests.waiting import wait_until


def change(session: Session, run_id: str, **values: object) -> None:
    session.execute(update(Run).where(Run.id == run_id).values(**values))
    session.commit()


class Follower(threading.Thread):
    """Collects the events of a run until the API ends the stream."""

    def __init__(self, api: httpx.Client, run_id: str) -> None:
        super().__init__(daemon=True)
        self.api, self.address = api, f"/v1/runs/{run_id}/events"
        self.kind = ""
        self.events: list[tuple[str, dict[str, Any]]] = []

    def run(self) -> None:
        with self.api.stream("GET", self.address, timeout=30) as answer:
            self.kind = answer.headers["content-type"]
            name = ""
            for line in answer.iter_lines():
                field, _, value = line.partition(": ")
                if field == "event":
                    name = value
                if field == "data":
                    self.events.append((name, json.loads(value)))


def test_a_follower_is_told_each_change_and_the_end(api: httpx.Client, session: Session) -> None:
    run_id = add_run(session, state="running")
    follower = Follower(api, run_id)
    follower.start()
    wait_until(lambda: follower.events, what="the first event")
    change(session, run_id, progress={"done": 1, "total": 4, "detail": "2026-10 sale"})
    wait_until(lambda: len(follower.events) == 2, what="the progress")
    assert follower.is_alive()
    change(session, run_id, state="succeeded", result={}, finished_at=datetime.now(UTC))
    follower.join(10)
    assert not follower.is_alive()
    assert follower.kind.startswith("text/event-stream")
    assert [name for name, _ in follower.events] == ["run"] * 3
    runs = [run for _, run in follower.events]
    assert [run["state"] for run in runs] == ["running", "running", "succeeded"]
    assert runs[1]["progress"]["detail"] == "2026-10 sale"
    assert runs[2] == api.get(f"/v1/runs/{run_id}").json()


def test_what_has_ended_is_told_once(api: httpx.Client, session: Session) -> None:
    run_id = add_run(session, state="succeeded", finished_at=datetime.now(UTC))
    follower = Follower(api, run_id)
    follower.start()
    follower.join(10)
    assert [run["id"] for _, run in follower.events] == [run_id]


def test_nobody_follows_a_run_that_there_is_not(api: httpx.Client) -> None:
    refused(api.get(f"/v1/runs/{uuid4()}/events"), 404, "not_found")
    assert httpx.get(f"{api.base_url}/v1/runs/{uuid4()}/events").status_code == 401
