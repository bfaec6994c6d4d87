"""`fiscal probe` tells which worker ran each queue's run, and which should have."""

import re
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
import redis
from sqlalchemy import select

from app.infrastructure.db.models import Run
from app.infrastructure.db.session import session_scope
from app.services.probes import probe_fault
from tests.unit.celery.worker_process import Start
from tests.unit.test_cli import NOBODY, assert_one_sentence, fiscal


def probe(environment: dict[str, str], *arguments: str) -> Any:
    """Runs it with the two variables that it may need."""
    stores = {name: environment[name] for name in ("DATABASE_URL", "REDIS_URL")}
    return fiscal("probe", *arguments, **stores)


def test_each_queue_is_run_by_one_of_the_workers_that_are_named(
    environment: dict[str, str], start_worker: Start
) -> None:
    start_worker("fast", "high,default", ready=False)
    start_worker("bulk", "low")
    done = probe(environment, "high=fast", "default=fast", "low=slow,bulk")
    assert (done.returncode, done.stderr) == (0, "")
    lines = [re.sub(r"\d+\.\d s", "N s", line) for line in done.stdout.splitlines()]
    assert lines == [
        "high: fast@test in N s",
        "default: fast@test in N s",
        "low: bulk@test in N s",
    ]
    with session_scope() as session:
        rows = {run.queue: run for run in session.scalars(select(Run))}
    assert {(run.task, run.state, run.worker) for run in rows.values()} == {
        ("system.probe", "succeeded", "fast@test"),
        ("system.probe", "succeeded", "bulk@test"),
    }
    assert rows.keys() == {"high", "default", "low"}


def test_a_wrong_worker_and_a_queue_without_one_are_a_sentence_each(
    environment: dict[str, str], start_worker: Start, redis_url: str
) -> None:
    start_worker("fast", "high,default")
    done = probe(
        environment, "--timeout", "5", "high=fast", "default=default,bulk", "low=slow,bulk"
    )
    assert done.returncode == 1
    assert done.stdout.startswith("high: fast@test in ")
    wrong, missing = done.stderr.splitlines()
    assert "Queue default: the probe (run " in wrong
    assert "was run by fast@test, not by default or bulk; check CELERY_QUEUES" in wrong
    assert "Queue low: the probe (run " in missing
    assert "still waits; check that worker slow or bulk is up, consumes low" in missing
    with redis.Redis.from_url(redis_url) as client:
        assert client.llen("low") == 1


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ("running", "is still running on fast@a"),
        ("failed", "failed on fast@a: worker_lost_error: gone"),
    ],
)
def test_a_probe_that_did_not_end_well_is_named(state: str, sentence: str) -> None:
    now = datetime.now(UTC)
    run = Run(
        id=uuid4(), queue="high", state=state, worker="fast@a", started_at=now,
        finished_at=now if state == "failed" else None,
        error_code="worker_lost_error", error_message="gone",
    )  # fmt: skip
    assert sentence in str(probe_fault(run, ["fast"]))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "No queue to probe is named"),
        (["high"], "'high' is not QUEUE=WORKER"),
        (["high="], "'high=' is not QUEUE=WORKER"),
        (["high=,"], "'high=,' is not QUEUE=WORKER"),
        (["hihg=fast"], "'hihg' is no queue; there are high, default, low"),
        (["high=fast", "high=bulk"], "Queue high is named twice"),
    ],
)
def test_bad_arguments_are_one_sentence_and_64(arguments: list[str], sentence: str) -> None:
    done = fiscal(
        "probe",
        *arguments,
        DATABASE_URL=f"postgresql://fiscal@{NOBODY}/fiscal",
        REDIS_URL=f"redis://{NOBODY}/0",
    )
    assert done.returncode == 64
    assert sentence in done.stderr
    assert_one_sentence(done.stderr)


def test_without_redis_it_is_one_sentence_and_no_row_stays(database_url: str) -> None:
    done = fiscal("probe", "high=fast", DATABASE_URL=database_url, REDIS_URL=f"redis://{NOBODY}/0")
    assert done.returncode == 75  # the same may succeed later
    assert "Redis does not answer" in done.stderr
    assert_one_sentence(done.stderr)
    with session_scope() as session:
        assert session.scalars(select(Run)).all() == []
