"""One trace from a request to the portal, sent by a real API and a real worker with Chromium."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from cryptography.fernet import Fernet

from app.infrastructure.cipher import Cipher
from app.infrastructure.db.models import Run
from app.infrastructure.db.session import get_session_factory
from tests.collector import Collector, collecting
from tests.log_scan import findings
from tests.simulator import Simulator
from tests.unit.api.outages import running_api
from tests.unit.celery.worker_process import (
    WorkerProcess,
    finished,
    publishing_app,
    runs_in,
    worker_environment,
    worker_processes,
)
from tests.unit.sii.books import Books
from tests.waiting import wait_until


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector


@pytest.fixture
def key() -> str:
    return Fernet.generate_key().decode()


@pytest.fixture
def worker(
    database_url: str,
    redis_url: str,
    key: str,
    simulator: Simulator,
    collector: Collector,
    tmp_path: Path,
) -> Iterator[WorkerProcess]:
    """A worker of every queue whose portal is the simulator, with traces."""
    environment = worker_environment(database_url, redis_url) | simulator.portal
    environment |= {"SECRET_KEYS": key} | collector.environment
    with worker_processes(environment, tmp_path) as start:
        yield start("all", "high,default,low", "--concurrency=1")


def test_a_request_is_one_trace_down_to_the_portal(
    database_url: str,
    redis_url: str,
    key: str,
    simulator: Simulator,
    collector: Collector,
    worker: WorkerProcess,
    tmp_path: Path,
) -> None:
    known = simulator.company("F1")  # a person logs in for it
    books = Books(get_session_factory(), Cipher([key]))
    company = books.company(known["rut"], login_rut=known["login_rut"], clave=known["clave"])
    with (
        running_api(database_url, redis_url, tmp_path / "api.log", **collector.environment) as api,
        runs_in(database_url) as run_of,
    ):
        path = f"/v1/companies/{company}/syncs?token=hidden"
        run_id = str(api.client.post(path).raise_for_status().json()["id"])
        assert finished(run_of, run_id).state == "succeeded", worker.log

        def run_span() -> Any:
            return collector.named("run sii.sync_documents", run=run_id)

        (run,) = wait_until(run_span, what="the run's span")
        (asked,) = wait_until(
            lambda: collector.named("POST /v1/companies/{company_id}/syncs"), what="the request's"
        )
    (published,) = collector.named("publish sii.sync_documents", run=run_id)
    assert (asked.service, published.service, run.service) == (
        *("fiscal-api", "fiscal-api", "fiscal-worker"),
    )
    assert (asked.parent, published.parent, run.parent) == ("", asked.id, published.id)
    about = {name.removeprefix("fiscal."): value for name, value in run.attributes.items()}
    assert about == {
        "task": "sii.sync_documents", "queue": "low", "run": run_id, "root": run_id, "attempt": 1,
        "outcome": "success",
    }  # fmt: skip
    inside = [span for span in collector.spans if span.parent == run.id]
    assert {"browser start", "browser login", "POST 127.0.0.1"} <= {span.name for span in inside}
    requests = [span for span in inside if "url.path" in span.attributes]
    assert {tuple(sorted(span.attributes)) for span in requests} == {
        ("http.request.method", "http.response.status_code", "server.address", "url.path")
    }
    assert len({span.trace for span in (asked, published, run, *inside)}) == 1
    assert {span.attributes.get("url.query") for span in collector.spans} == {None, "hidden"}

    sent = b"\n".join(collector.raw).decode(errors="replace")
    assert list(findings(sent)) == []
    assert known["login_rut"].partition("-")[0] not in sent
    ends = [line for line in worker.log.splitlines() if f"[{run_id}] succeeded" in line]
    assert [json.loads(line)["trace"] for line in ends] == [run.trace]

    its_own_trace_where_it_is_published_later(redis_url, collector)


def its_own_trace_where_it_is_published_later(redis_url: str, collector: Collector) -> None:
    """A run whose message was lost: a trace of its own, linked to what published it again."""
    lost = uuid4()
    with get_session_factory().begin() as session:
        session.add(
            Run(id=lost, root_id=lost, task="system.probe", queue="default", kwargs={},
                state="queued", queued_at=datetime.now(UTC) - timedelta(minutes=5))
        )  # fmt: skip
    publishing_app(redis_url).send_task("system.reconcile", queue="high")
    name = "run system.probe"
    (run,) = wait_until(lambda: collector.named(name, run=str(lost)), what="the lost run's span")
    (published,) = collector.named("publish system.probe", run=str(lost))
    assert (run.parent, run.links) == ("", (published.id,))
    assert run.trace != published.trace
