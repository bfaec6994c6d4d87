"""Totals count every run once, whoever counts at the same time and whatever becomes of the rows."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, func, select

from app.infrastructure.celery.ledger import RunLedger
from app.infrastructure.celery.publisher import CeleryPublisher
from app.infrastructure.celery.queues import RedisQueues
from app.infrastructure.db.models import Run, RunTotal
from app.infrastructure.db.session import get_session_factory
from app.infrastructure.health import impatient_redis
from app.metrics.postgres_figures import PostgresFigures
from app.services import reconciliation, run_totals
from tests.unit.celery.worker_process import publishing_app
from tests.unit.metrics.ledger import NOON, Samples, count, record, shown

pytestmark = pytest.mark.usefixtures("database_url")
LOW = ("low", "sii.sync_documents")


def scrape() -> Samples:
    return shown(PostgresFigures().read())


def test_a_run_counts_from_its_end_on_and_counting_it_changes_nothing_that_is_shown() -> None:
    record(number=3)
    record("failed", error_code="sii_unavailable", retries=2, deaths=1)
    before = scrape()
    assert before["fiscal_runs_finished_total"] == {
        (*LOW, "succeeded", ""): 3,
        (*LOW, "failed", "sii_unavailable"): 1,
    }
    assert before["fiscal_run_retries_total"] == {LOW: 2}
    assert before["fiscal_run_worker_deaths_total"] == {LOW: 1}
    assert (count(), count()) == (4, 0)
    assert scrape() == before


def test_totals_outlive_the_rows_and_later_runs_add_to_them() -> None:
    record(number=3, took=2)
    count()
    with get_session_factory().begin() as session:
        session.execute(delete(Run))
    record(took=5)
    for _ in range(2):
        found = scrape()
        assert found["fiscal_runs_finished_total"] == {(*LOW, "succeeded", ""): 4}
        assert found["fiscal_run_duration_seconds_sum"] == {LOW: 11}
        assert found["fiscal_run_duration_seconds_count"] == {LOW: 4}
        count()


def test_many_who_count_at_once_count_each_run_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_totals, "BATCH", 40)
    tasks = [f"calendar.task_{number}" for number in range(10)]
    for task in tasks:
        record(number=30, task=task, queue="default")
    with ThreadPoolExecutor(6) as pool:
        counted = sum(pool.map(lambda _: count(), range(12)))
    while more := count():
        counted += more
    assert counted == 300
    with get_session_factory()() as session:
        totals = dict(session.execute(select(RunTotal.task, RunTotal.runs)).tuples().all())
    assert totals == dict.fromkeys(tasks, 30)


def test_a_count_that_is_rolled_back_has_counted_nothing() -> None:
    record(number=2)
    with get_session_factory()() as session:
        assert run_totals.count_finished(session) == 2
        session.rollback()
    assert count() == 2


def test_buckets_hold_what_took_at_most_their_bound() -> None:
    record(took=0.01, waited=0)
    record(took=0.011, waited=10)
    record(took=299, waited=301)
    record(took=40_000, waited=90_000)
    count()
    record(took=0.005, waited=0.02)
    found = scrape()
    ran = {key[2]: n for key, n in found["fiscal_run_duration_seconds_bucket"].items()}
    waited = {key[2]: n for key, n in found["fiscal_run_wait_seconds_bucket"].items()}
    assert (ran["0.01"], ran["0.025"], ran["60.0"], ran["300.0"]) == (2, 3, 3, 4)
    assert (ran["21600.0"], ran["+Inf"]) == (4, 5)
    assert (waited["0.01"], waited["0.025"], waited["5.0"], waited["10.0"]) == (1, 2, 2, 3)
    assert (waited["300.0"], waited["900.0"], waited["21600.0"], waited["+Inf"]) == (3, 4, 4, 5)
    assert found["fiscal_run_wait_seconds_sum"][LOW] == pytest.approx(90_311.02)


def test_waiting_ends_with_the_first_start_and_what_never_started_has_no_times() -> None:
    record("expired", started_at=None, first_started_at=None)
    record("superseded")
    record("revoked")  # cancelled while it waited for its next try
    record(started_at=NOON + timedelta(hours=1), first_started_at=NOON + timedelta(seconds=3),
           finished_at=NOON + timedelta(hours=1, seconds=7))  # fmt: skip
    found = scrape()
    assert sum(found["fiscal_runs_finished_total"].values()) == 4
    assert found["fiscal_run_wait_seconds_sum"] == {LOW: 1 + 1 + 3}
    assert found["fiscal_run_duration_seconds_sum"] == {LOW: 7}


def test_a_run_that_has_not_ended_shows_its_troubles_already() -> None:
    record("running", finished_at=None, retries=1, deaths=2)
    found = scrape()
    assert found["fiscal_run_worker_deaths_total"] == {LOW: 2}
    assert found["fiscal_run_retries_total"] == {LOW: 1}
    assert "fiscal_runs_finished_total" not in found


def test_rows_go_only_once_they_are_counted(redis_url: str) -> None:
    old = datetime.now(UTC) - timedelta(days=91)
    app = publishing_app(redis_url)
    record(finished_at=old)
    yesterday = datetime.now(UTC) - timedelta(days=1)
    record(task=reconciliation.TASK, queue="high", finished_at=yesterday)
    with impatient_redis(redis_url, 5) as client:
        reconciliation.reconcile(
            get_session_factory(), RedisQueues(client), CeleryPublisher(), pause=lambda _: None
        )
    record(finished_at=old)
    RunLedger(app=app).cleanup()
    with get_session_factory()() as session:
        assert session.scalar(select(func.count()).select_from(Run)) == 0
    assert scrape()["fiscal_runs_finished_total"] == {
        (*LOW, "succeeded", ""): 2,
        ("high", reconciliation.TASK, "succeeded", ""): 1,
    }
