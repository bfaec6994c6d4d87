"""A real worker: its report is there while it lives, and the ledger knows how its runs went."""

from pathlib import Path
from typing import Any

import redis

from app.infrastructure.celery.vitals import Vitals, read_vitals
from tests.unit.celery.conftest import app, environment, run_of, start_worker  # noqa: F401
from tests.unit.celery.worker_process import RunOf, Start, finished
from tests.waiting import wait_until


def test_a_worker_reports_its_slots_and_what_it_takes(
    app: Any,  # noqa: F811
    start_worker: Start,  # noqa: F811
    redis_url: str,
    tmp_path: Path,
) -> None:
    start_worker("all", "high,default", CELERY_QUEUE_SLOTS="high:2,default:1")
    until = tmp_path / "until"
    app.send_task("test.hold", kwargs={"until": str(until)}, queue="default")
    with redis.Redis.from_url(redis_url) as client:

        def busy() -> Vitals | None:
            found = [each for each in read_vitals(client) if each.taken]
            return found[0] if found else None

        report = wait_until(busy, what="a report of a busy worker")
    until.touch()
    assert (report.node, report.worker) == ("all@test", "all")
    assert set(report.queues) == {"high", "default"}
    assert (report.concurrency, report.taken) == (2, {"default": 1})
    assert (report.free("high"), report.free("default")) == (1, 0)
    assert report.usage.cpu["main"] > 0
    assert report.usage.memory["main"] > 10_000_000
    assert report.usage.memory["children"] > 10_000_000
    assert report.usage.browsers == 0


def test_the_ledger_keeps_retries_and_the_first_start(
    app: Any,  # noqa: F811
    start_worker: Start,  # noqa: F811
    run_of: RunOf,  # noqa: F811
) -> None:
    start_worker("fast", "default", "--concurrency=1")  # no next try before this one is recorded
    run = finished(run_of, app.send_task("test.stumble", kwargs={"times": 2}).id)
    assert (run.state, run.retries, run.deaths, run.attempts) == ("succeeded", 2, 0, 3)
    assert run.queued_at <= run.first_started_at < run.started_at
