"""One sync per company and day, page by page, and once more where all are concerned."""

import time
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import update

from app.errors import RunTakenOver
from app.infrastructure.db.models import Run
from app.services import calendar_fan_out
from app.services.attempts import Attempt
from app.services.calendar_fan_out import sync_all_companies
from tests.unit.calendar.almanac import TODAY, Almanac
from tests.unit.publishers import Published

SYNC = "calendar.sync_company"


def fan_out(
    almanac: Almanac, published: Published, run: Run | None = None, **options: Any
) -> dict[str, Any]:
    """Runs the use case as a run of its own, or as `run`."""
    run_id = run.id if run else uuid4()
    with almanac.sessions.begin() as session:
        session.merge(Run(id=run_id, task="calendar.sync_all_companies", attempts=1))
    return sync_all_companies(
        almanac.sessions,
        published,
        **(
            {
                "attempt": Attempt(run_id, 1),
                "root_id": run.root_id if run else run_id,
                "day": TODAY,
                "deadline": time.monotonic() + 60,
            }
            | options
        ),
    )


def started(almanac: Almanac) -> list[Run]:
    return [run for run in almanac.runs() if run.task == SYNC]


def finish(almanac: Almanac) -> None:
    with almanac.sessions.begin() as session:
        session.execute(update(Run).values(finished_at=Run.queued_at, state="succeeded"))


def test_each_active_company_that_follows_something_gets_a_run(almanac: Almanac) -> None:
    companies = {almanac.company() for _ in range(3)}
    almanac.company(active=False)
    nothing = almanac.company(follows=False)
    published = Published()
    result = fan_out(almanac, published)
    assert {key: result[key] for key in ("total", "queued", "failed", "skipped")} == {
        "total": 4, "queued": 3, "failed": 0, "skipped": 1,
    }  # fmt: skip
    assert {"company_id": str(nothing), "state": "skipped"} in result["results"]
    runs = started(almanac)
    assert {run.company_id for run in runs} == companies
    assert all(run.kwargs == {"company_id": str(run.company_id)} for run in runs)
    assert sorted(run.id for run in published.runs) == sorted(run.id for run in runs)


@pytest.mark.parametrize("finished", [False, True])
def test_the_same_day_starts_none_twice_even_a_finished_one(
    almanac: Almanac, finished: bool
) -> None:
    almanac.company()
    fan_out(almanac, Published())
    if finished:
        finish(almanac)
    again = fan_out(almanac, Published())
    assert (again["queued"], again["skipped"]) == (0, 1)
    assert len(started(almanac)) == 1


def test_the_next_day_starts_one_unless_the_last_still_waits(almanac: Almanac) -> None:
    almanac.company()
    for days in range(2):
        fan_out(almanac, Published(), day=TODAY + timedelta(days=days))
    assert len(started(almanac)) == 1
    finish(almanac)
    fan_out(almanac, Published(), day=TODAY + timedelta(days=1))
    assert len(started(almanac)) == 2


def test_a_change_for_all_starts_them_again_once(almanac: Almanac) -> None:
    almanac.company()
    fan_out(almanac, Published())
    fan_out(almanac, Published(), again=True)
    assert len(started(almanac)) == 2
    (run,) = [run for run in almanac.runs() if run.id == started(almanac)[1].root_id]
    run.root_id = run.id
    fan_out(almanac, Published(), run=run, again=True)  # the same run comes twice
    assert len(started(almanac)) == 2


def test_pages_leave_nobody_out(almanac: Almanac, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calendar_fan_out, "PAGE", 2)
    for _ in range(4):
        almanac.company()
    assert fan_out(almanac, Published())["queued"] == 4


def test_what_is_not_done_in_time_is_done_by_a_run_of_its_own(
    almanac: Almanac, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calendar_fan_out, "PAGE", 2)
    companies = {almanac.company() for _ in range(5)}
    assert fan_out(almanac, Published(), deadline=0)["queued"] == 2
    done: set[UUID] = set()
    for queued in (2, 1):
        (rest,) = (
            run
            for run in almanac.runs()
            if run.task == "calendar.sync_all_companies" and run.kwargs and run.id not in done
        )
        done.add(rest.id)
        after = UUID((rest.kwargs or {})["after"])
        result = fan_out(almanac, Published(), run=rest, deadline=0, after=after)
        assert result["queued"] == queued
    assert {run.company_id for run in started(almanac)} == companies


def test_an_attempt_that_was_taken_over_starts_nothing(almanac: Almanac) -> None:
    almanac.company()
    with pytest.raises(RunTakenOver):
        fan_out(almanac, Published(), attempt=Attempt(uuid4(), 1))
    assert started(almanac) == []


def test_the_result_stays_short(almanac: Almanac, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calendar_fan_out, "SHOWN", 1)
    monkeypatch.setattr(calendar_fan_out, "PAGE", 1)
    for _ in range(3):
        almanac.company()
    result = fan_out(almanac, Published())
    assert (result["total"], len(result["results"])) == (3, 1)
