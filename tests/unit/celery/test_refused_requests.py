"""A message can leave although its request was refused; a row can come later than its message."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import redis
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

from app.infrastructure.celery.publisher import CeleryPublisher
from app.infrastructure.db.models import Run
from app.services.runs import enqueue
from tests.unit.celery.conftest import WorkerProcess
from tests.waiting import wait_until


def test_a_run_whose_request_was_rolled_back_is_let_go(
    database_url: str, redis_url: str, start_worker: Callable[..., WorkerProcess]
) -> None:
    engine = create_engine(database_url)
    start_worker("default", "default")
    point_at(redis_url)
    with Session(engine) as session:
        refused, _ = enqueue(session, CeleryPublisher(), task="system.probe", kwargs={})
        refused_id = refused.id
        session.rollback()
    with Session(engine) as session:
        accepted, created = enqueue(session, CeleryPublisher(), task="system.probe", kwargs={})
        accepted_id = accepted.id
        assert created
        session.commit()

    wait_until(lambda: state_of(engine, accepted_id) == "succeeded", what="the accepted run")
    client = redis.Redis.from_url(redis_url)
    wait_until(lambda: not client.exists("default", "unacked"), what="both messages gone")
    client.close()
    assert state_of(engine, refused_id) is None
    engine.dispose()


def test_a_worker_waits_for_a_row_that_is_not_committed_yet(
    database_url: str, redis_url: str, start_worker: Callable[..., WorkerProcess]
) -> None:
    engine = create_engine(database_url)
    worker = start_worker("default", "default")
    point_at(redis_url)
    key = f"test:{uuid4()}"
    with Session(engine) as session:
        run, _ = enqueue(session, CeleryPublisher(), task="system.probe", kwargs={}, dedupe_key=key)
        run_id = run.id
        wait_until(lambda: f"[{run_id}] received" in worker.log, what="the message arrived")
        session.commit()
    wait_until(lambda: state_of(engine, run_id) == "succeeded", what="the run")
    with Session(engine) as session:
        assert session.get_one(Run, run_id).dedupe_key == key
    engine.dispose()


def point_at(redis_url: str) -> None:
    from app.infrastructure.celery import app

    app.conf.broker_url = redis_url


def state_of(engine: Any, run_id: Any) -> str | None:
    with engine.connect() as connection:
        return connection.execute(select(Run.state).where(Run.id == run_id)).scalar()
