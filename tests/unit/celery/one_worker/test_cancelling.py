"""A run that an operator cancels while a worker has it."""

from inspect import getsource
from typing import Any
from uuid import UUID

import pytest
import redis

from app.infrastructure.celery.publisher import CeleryPublisher
from app.infrastructure.celery.queues import RedisQueues
from app.infrastructure.celery.topology import TASKS
from app.infrastructure.db.session import get_session_factory, session_scope
from app.services import cancelling
from app.services.operators import Operator
from app.services.outbox import outbox_scope
from app.services.runs import enqueue
from tests.unit.celery.worker_process import RunOf, finished
from tests.waiting import wait_until

ANA = Operator("ana")


def start(task: str) -> UUID:
    with outbox_scope(get_session_factory(), CeleryPublisher()) as (session, outbox):
        return enqueue(session, outbox, task=task, kwargs={}, dedupe_key=f"{task}:1")[0].id


def test_a_run_with_checkpoints_stops_at_the_next_one_and_its_key_is_free(
    app: Any, run_of: RunOf, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cancelling, "STOPPABLE", {"test.step"})
    run_id = start("test.step")
    wait_until(lambda: run_of(str(run_id)).progress, what="the first checkpoint")
    with session_scope() as session:
        assert cancelling.cancel_run(session, run_id, ANA).state == "running"

    run = finished(run_of, str(run_id))
    assert (run.state, run.error_code, run.error_kind) == ("revoked", "run_cancelled", "permanent")
    assert (run.attempts, run.retries) == (1, 0)
    again = start("test.step")
    assert again != run_id
    wait_until(lambda: run_of(str(again)).progress, what="the first checkpoint")
    with session_scope() as session:
        cancelling.cancel_run(session, again, ANA)
    finished(run_of, str(again))
    with redis.Redis.from_url(redis_url) as client:
        wait_until(lambda: not RedisQueues(client).run_ids(), what="every message acknowledged")


def test_the_runs_that_can_stop_are_those_that_report_progress(app: Any) -> None:
    app.loader.import_default_modules()
    reporting = {name for name in TASKS if "progress=" in getsource(app.tasks[name].run)}
    assert reporting == cancelling.STOPPABLE
