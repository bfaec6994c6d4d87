"""Each F29 task in a real worker with a real Chromium: started by a message, stored in Postgres."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import select

from app.infrastructure.celery.publisher import CeleryPublisher
from app.infrastructure.cipher import Cipher
from app.infrastructure.db.models import Run
from app.infrastructure.db.session import get_session_factory
from app.services.outbox import outbox_scope
from app.services.runs import enqueue
from tests.simulator import Simulator
from tests.unit.celery.worker_process import (
    publishing_app,
    worker_environment,
    worker_processes,
)
from tests.unit.sii.books import Books
from tests.unit.sii.forms import files, stored
from tests.waiting import wait_until

PATIENCE = 240  # s for a run with a login, on a machine that does other things as well


@pytest.fixture
def key() -> str:
    return Fernet.generate_key().decode()


@pytest.fixture
def books(database_url: str, key: str) -> Books:
    return Books(get_session_factory(), Cipher([key]))


@pytest.fixture
def worker(
    database_url: str, redis_url: str, key: str, simulator: Simulator, tmp_path: Path
) -> Iterator[None]:
    """A slow worker whose portal is the simulator."""
    environment = worker_environment(database_url, redis_url) | simulator.portal
    environment |= {"SECRET_KEYS": key}
    publishing_app(redis_url)
    with worker_processes(environment, tmp_path) as start:
        start("slow", "low", "--concurrency=1")
        yield


def run(books: Books, task: str, **kwargs: Any) -> Run:
    """Starts a run and returns its row once it has ended."""
    with outbox_scope(books.sessions, CeleryPublisher()) as (session, outbox):
        asked, _ = enqueue(session, outbox, task=task, kwargs=kwargs)
        run_id = asked.id
    return wait_until(lambda: ended(books, Run.id == run_id), PATIENCE, f"{task} ended")


def ended(books: Books, which: Any) -> Any:
    with books.sessions() as session:
        found = session.scalars(select(Run).where(which)).first()
        return found if found and found.finished_at else None


def test_the_tasks_bring_every_return_and_pdf(
    books: Books, worker: None, simulator: Simulator
) -> None:
    known = simulator.company("E")
    company = books.company(known["rut"], login_rut=known["login_rut"], clave=known["clave"])
    truth = simulator.f29(known["rut"], 2026)

    one = run(books, "sii.sync_f29", company_id=str(company), year=2026)
    assert (one.state, one.queue, one.result["new"]) == ("succeeded", "low", len(truth))
    assert [form.folio for form in stored(books)] == [form["folio"] for form in truth]

    pdfs = run(books, "sii.sync_f29_pdfs_missing", company_id=str(company), max_per_company=3)
    assert pdfs.state == "succeeded", pdfs.error_message
    assert (pdfs.result["total_pending"], pdfs.result["downloaded"]) == (len(truth), 3)

    for task, child, options in (
        ("sii.sync_f29_all_companies", "sii.sync_f29", {"year": 2026}),
        (
            "sii.sync_f29_pdfs_missing_all_companies",
            "sii.sync_f29_pdfs_missing",
            {"max_per_company": 100},
        ),
    ):
        fan_out = run(books, task, **options)
        assert (fan_out.state, fan_out.result["queued"]) == ("succeeded", 1)
        caused = (Run.root_id == fan_out.id) & (Run.task == child)
        caused_run = wait_until(lambda which=caused: ended(books, which), PATIENCE, child)
        assert caused_run.state == "succeeded"

    assert [form.pdf_sha256 for form in stored(books)] == [form["pdf_sha256"] for form in truth]
    assert len(files(books)) == len(truth)
    state = simulator.state()
    assert (state["open_sessions"], state["violations"]) == ({}, [])
