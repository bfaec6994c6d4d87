"""What `fiscal advise` reads out of the ledger: real rows, real Postgres."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import delete

from app.domain.replay import Arrival
from app.errors import InvalidInput
from app.infrastructure.celery.topology import QUEUES
from app.infrastructure.db.models import Run
from app.infrastructure.db.session import session_scope
from app.services import arrivals
from app.services.arrivals import Recorded, read_arrivals
from tests.conftest import own_database

NOON = datetime(2026, 11, 23, 15, tzinfo=UTC)
SYNC = "sii.sync_documents"


@pytest.fixture(scope="module")
def ledger(postgres_server: str, migrated: str) -> Iterator[None]:
    with own_database(postgres_server, migrated):
        yield


@pytest.fixture(autouse=True)
def empty(ledger: None) -> None:
    with session_scope() as session:
        session.execute(delete(Run))


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def run(
    queued: float, started: float | None = None, finished: float | None = None, **columns: Any
) -> Run:
    """Returns a row; times in seconds after noon."""
    given: dict[str, Any] = {
        "task": SYNC, "queue": "low", "state": "succeeded", "attempts": int(started is not None)
    } | columns  # fmt: skip
    given |= {
        f"{name}_at": after(at)
        for name, at in (("started", started), ("finished", finished))
        if at is not None
    }
    given.setdefault("first_started_at", given.get("started_at"))
    return Run(id=uuid4(), queued_at=after(queued), **given)


def read(*rows: Run, hours: float = 1) -> Recorded:
    with session_scope() as session:
        session.add_all(rows)
    with session_scope() as session:
        return read_arrivals(session, NOON, NOON + timedelta(hours=hours), list(QUEUES))


def low(at: float, seconds: float, counts: bool = True) -> Arrival:
    return Arrival(at, "low", SYNC, seconds, counts)


def test_a_run_arrives_when_it_was_asked_for_and_holds_a_slot_as_long_as_it_ran() -> None:
    found = read(run(20, 30, 35), run(10, 12, 22), run(3600, 3600, 3601))
    assert found.arrivals == [low(10, 10), low(20, 5)]
    assert found.waits == {"high": [], "default": [], "low": pytest.approx([2, 10])}
    assert (found.repeated, found.guessed, found.left_out) == (0, 0, {})


def test_what_came_before_the_window_is_replayed_and_not_counted() -> None:
    found = read(run(-7 * 3600, -10, -5), run(-600, -600, 600), run(0, 600, 610))
    assert found.arrivals == [low(-600, 1200, counts=False), low(0, 10)]
    assert found.waits["low"] == [600]


def test_each_start_of_a_run_is_an_arrival_and_only_the_first_waits() -> None:
    found = read(run(0, 200, 230, attempts=3, first_started_at=after(20)))
    assert found.arrivals == [low(0, 30), low(110, 30, counts=False), low(200, 30, counts=False)]
    assert found.repeated == 2
    assert found.waits["low"] == [20]


def test_an_earlier_start_lasted_no_longer_than_until_the_next() -> None:
    found = read(run(0, 70, 670, attempts=2, first_started_at=after(10)))
    assert found.arrivals == [low(0, 60), low(70, 600, counts=False)]


@pytest.mark.parametrize(
    "columns",
    [
        {"state": "queued"},
        {"state": "running", "started": 40},
        {"state": "expired", "finished": 40},
        {"state": "superseded", "started": 40, "finished": 4000},
    ],
    ids=lambda columns: columns["state"],
)
def test_a_run_without_a_run_time_takes_the_mean_of_its_task(columns: dict[str, Any]) -> None:
    other = run(0, 0, 500, task="sii.sync_f29")
    found = read(run(0, 0, 10), run(1, 1, 21), other, run(30, **columns))
    assert found.arrivals[-1] == low(30, 15)
    assert found.guessed == 1


def test_a_task_that_never_ended_takes_the_mean_of_its_queue() -> None:
    found = read(run(0, 0, 10), run(5, state="queued", task="sii.sync_f29"))
    assert found.arrivals[-1] == Arrival(5, "low", "sii.sync_f29", 10)


def test_what_cannot_be_replayed_is_left_out_and_counted() -> None:
    found = read(
        run(0, 0, 10),
        run(1, 1, 2, queue="bulk"),
        run(2, 2, 3, queue=None),
        run(3, finished=4, state="revoked"),
        run(4, state="queued", queue="high", task="notifications.process_pending"),
    )
    assert found.arrivals == [low(0, 10)]
    assert found.left_out == {
        "of no queue of the topologies": 2,
        "ended before they started": 1,
        "of a run time that nothing tells": 1,
    }


def test_a_window_without_a_run_is_refused() -> None:
    with pytest.raises(InvalidInput, match="holds no run of that window"):
        read(run(-100, -100, -50), run(10, finished=20, state="revoked"))


def test_a_window_that_does_not_fit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrivals, "MOST_STARTS", 3)
    assert len(read(run(0, 50, 60, attempts=2), run(1, 1, 2)).arrivals) == 3
    with pytest.raises(InvalidInput, match="hold 4 starts of runs, and 3 are the most"):
        read(run(-60, -60, -50))
