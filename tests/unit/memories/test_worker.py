"""The three tasks and the forgetting in a real worker, which loads Mem0 in its children only."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.infrastructure.db.session import get_session_factory
from app.infrastructure.mem0.postgres import PostgresStore
from app.services.outbox import outbox_scope
from app.services.runs import enqueue
from tests.unit.celery.worker_process import (
    RunOf,
    WorkerProcess,
    container_environment,
    finished,
    publishing_app,
    runs_in,
    worker_processes,
)
from tests.unit.memories.people import People, memory


@pytest.fixture
def worker(database_url: str, redis_url: str, tmp_path: Path) -> Iterator[WorkerProcess]:
    with worker_processes(
        container_environment(database_url, redis_url, tmp_path), tmp_path
    ) as start:
        yield start("default", "default")


@pytest.fixture
def run_of(database_url: str) -> Iterator[RunOf]:
    with runs_in(database_url) as find:
        yield find


def start(task: str, **kwargs: Any) -> str:
    from app.infrastructure.celery.publisher import CeleryPublisher

    with outbox_scope(get_session_factory(), CeleryPublisher()) as (session, outbox):
        run, _ = enqueue(session, outbox, task=task, kwargs=kwargs)
    return str(run.id)


def test_a_worker_remembers_and_forgets_without_account_or_network(
    ana: People, worker: WorkerProcess, run_of: RunOf, redis_url: str, store: PostgresStore
) -> None:
    publishing_app(redis_url)
    user, company = str(ana.user_id), str(ana.company_id)
    ids = [
        # All at once: two children make the table of an empty database together.
        start("memory.save_user_memories", user_id=user, memories=[memory("coffee")]),
        start("memory.save_company_memories", company_id=company, memories=[memory("bread")]),
        start("memory.save_onboarding_memories", user_id=user, company_id=company),
    ]
    ends = [finished(run_of, run_id) for run_id in ids]
    assert [end.state for end in ends] == ["succeeded"] * 3, [end.error_message for end in ends]
    assert [end.result["created"] for end in ends] == [1, 1, 3]
    assert ends[2].result["company_memories_count"] == 1
    assert len(store.search(user, "café")) == 3
    assert "Toma café" not in worker.log, "what is stored is nobody's business but the owner's"

    refused = finished(run_of, start("memory.save_user_memories", user_id=company, memories=[]))
    assert (refused.state, refused.error_code, refused.attempts) == ("failed", "not_found", 1)

    from app.domain.memories import Owner
    from app.infrastructure.celery.publisher import CeleryPublisher
    from app.services.memory_deletion import ask_to_forget

    with outbox_scope(get_session_factory(), CeleryPublisher()) as (session, outbox):
        run, _ = ask_to_forget(session, outbox, Owner("user", ana.user_id))
    assert finished(run_of, str(run.id)).result == {"deleted": 3}
    assert store.search(user, "café") == []
    assert set(ana.rows()) == {"bread", "company_basic_info"}
