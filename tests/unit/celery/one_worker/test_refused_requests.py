"""A message can leave although its request was refused; a row can come later than its message."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
import redis
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session

from app.infrastructure.celery.publisher import CeleryPublisher
from app.services.runs import enqueue
from tests.unit.celery.worker_process import RunOf, WorkerProcess, finished
from tests.waiting import wait_until


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = create_engine(database_url)
    yield engine
    engine.dispose()


def test_a_run_whose_request_was_rolled_back_is_let_go(
    app: Any, engine: Engine, redis_url: str, run_of: RunOf
) -> None:
    with Session(engine) as session:
        refused, _ = enqueue(session, CeleryPublisher(), task="system.probe", kwargs={})
        refused_id = refused.id
        session.rollback()
    with Session(engine) as session:
        accepted, created = enqueue(session, CeleryPublisher(), task="system.probe", kwargs={})
        accepted_id = accepted.id
        assert created
        session.commit()

    assert finished(run_of, str(accepted_id)).state == "succeeded"
    client = redis.Redis.from_url(redis_url)
    wait_until(lambda: not client.exists("default", "unacked"), what="both messages gone")
    client.close()
    assert run_of(str(refused_id)) is None


def test_a_worker_waits_for_a_row_that_is_not_committed_yet(
    app: Any, engine: Engine, worker: WorkerProcess, run_of: RunOf
) -> None:
    key = f"test:{uuid4()}"
    with Session(engine) as session:
        run, _ = enqueue(session, CeleryPublisher(), task="system.probe", kwargs={}, dedupe_key=key)
        run_id = run.id
        wait_until(lambda: f"[{run_id}] received" in worker.log, what="the message arrived")
        session.commit()
    run = finished(run_of, str(run_id))
    assert (run.state, run.dedupe_key) == ("succeeded", key)
