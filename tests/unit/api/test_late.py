"""What hangs in the middle of a start: the caller is answered in time, and late work is undone."""

import threading
import time
from typing import Any

import httpx
import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.errors import QueueUnavailable
from app.infrastructure.db.models import Run
from tests.unit.api.conftest import Published, new_company, refused
from tests.unit.api.test_outages import BOUND
from tests.waiting import wait_until


class SlowQueue(Published):
    """A publisher that answers only when it is told to; `error` is then its answer."""

    def __init__(self) -> None:
        super().__init__()
        self.answer = threading.Event()
        self.error: Exception | None = None
        self.done = 0

    def publish(self, run: Run) -> None:
        self.answer.wait(30)
        self.done += 1
        if self.error:
            raise self.error
        super().publish(run)


@pytest.fixture
def outbox() -> SlowQueue:
    return SlowQueue()


def timed_start(api: httpx.Client, company_id: str, **body: Any) -> tuple[httpx.Response, float]:
    begun = time.monotonic()
    response = api.post(f"/companies/{company_id}/syncs", json=body)
    return response, time.monotonic() - begun


def rows(session: Session) -> int:
    session.rollback()  # a new transaction sees what others did
    return len(session.scalars(select(Run)).all())


def test_a_publish_that_hangs_keeps_nobody_waiting_and_its_run_stands(
    api: httpx.Client, outbox: SlowQueue, session: Session
) -> None:
    company_id = new_company(api)
    for months in range(1, 8):  # more than may publish at a time
        response, seconds = timed_start(api, company_id, months=months)
        assert response.status_code == 202
        assert response.json()["state"] == "queued"
        assert seconds < BOUND
    assert rows(session) == 7
    assert api.get(f"/companies/{company_id}").status_code == 200
    outbox.answer.set()
    wait_until(lambda: outbox.published != [])


def test_a_publish_that_fails_leaves_the_row_to_the_reconciler(
    api: httpx.Client, outbox: SlowQueue, session: Session
) -> None:
    outbox.error = QueueUnavailable()
    outbox.answer.set()
    company_id = new_company(api)
    first, _ = timed_start(api, company_id)
    again, _ = timed_start(api, company_id)
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json()["id"] == again.json()["id"]
    assert rows(session) == 1


def test_a_table_that_is_locked_too_long_leaves_no_row_and_no_message(
    api: httpx.Client, outbox: SlowQueue, session: Session
) -> None:
    outbox.answer.set()
    company_id = new_company(api)
    session.execute(text("LOCK TABLE runs IN ACCESS EXCLUSIVE MODE"))
    for _ in range(6):  # more than there are slots
        response, seconds = timed_start(api, company_id)
        refused(response, 503, "database_unavailable")
        assert seconds < BOUND
    assert api.get(f"/companies/{company_id}").status_code == 200  # readers have slots of their own
    session.rollback()
    wait_until(lambda: api.post(f"/companies/{company_id}/syncs").status_code == 202)
    assert outbox.done == 1
    assert rows(session) == 1
