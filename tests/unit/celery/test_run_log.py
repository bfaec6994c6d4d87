"""A run's id finds every line about it, and its root's id those of all that it caused."""

import json
from typing import Any
from uuid import UUID

from app.infrastructure.celery.publisher import CeleryPublisher
from app.infrastructure.db.models import Run
from app.infrastructure.db.session import get_session_factory
from app.services.outbox import outbox_scope
from app.services.runs import enqueue
from tests.unit.calendar.almanac import Almanac
from tests.unit.celery.worker_process import RunOf, Start, WorkerProcess, finished
from tests.waiting import wait_until


def lines_of(worker: WorkerProcess) -> list[dict[str, Any]]:
    """Returns the log's lines, without Celery's banner: the images start workers by --quiet."""
    return [json.loads(line) for line in worker.log.splitlines() if line.startswith("{")]


def ends_of(worker: WorkerProcess, name: str, value: str) -> list[dict[str, Any]]:
    """Returns the last lines about the runs that have this field."""
    about = [line for line in lines_of(worker) if line.get(name) == value]
    return [line for line in about if " succeeded in " in line["message"]]


def test_each_line_names_its_run_and_the_run_that_caused_it(
    app: Any, start_worker: Start, run_of: RunOf
) -> None:
    companies = {str(Almanac(get_session_factory()).company()) for _ in range(2)}
    worker = start_worker("default", "default")
    with outbox_scope(get_session_factory(), CeleryPublisher()) as (session, outbox):
        fan_out, _ = enqueue(session, outbox, task="calendar.sync_all_companies", kwargs={})
        root = str(fan_out.id)
    hanging = app.send_task("test.hang", args=[1]).id
    assert finished(run_of, root).state == finished(run_of, hanging).state == "succeeded"

    wait_until(lambda: len(ends_of(worker, "root", root)) == 3, what="the companies' runs")
    ends = ends_of(worker, "root", root)
    with get_session_factory()() as session:
        caused = [session.get(Run, UUID(line["run"])) for line in ends]
    assert {str(run.root_id) for run in caused if run} == {root}
    assert {line.get("company") for line in ends} == {None, *companies}

    # Written after the row that says so; lines of the main process and of its child in any order.
    (end,) = wait_until(
        lambda: ends_of(worker, "run", hanging), what="the last line about the run that hung"
    )
    assert end["attempt"] == 2
    lines = lines_of(worker)
    runs = {line["run"] for line in ends} | {hanging}
    for run in runs:
        about = [line for line in lines if run in json.dumps(line) and line.get("run") == run]
        assert any(line["message"].endswith("] received") for line in about)
        for line in about:
            known = {name for name, value in line.items() if value}
            assert {"task", "queue", "worker", "root"} <= known, line
            assert (line["queue"], line["worker"]) == ("default", "default@test")
        assert any(line.get("attempt") for line in about)
    unnamed = [line for line in lines if "run" not in line and any(r in str(line) for r in runs)]
    assert unnamed == []

    of_the_hanging = [line for line in lines if line.get("run") == hanging]
    (limit,) = [line for line in of_the_hanging if "Soft time limit" in line["message"]]
    assert (limit["task"], limit["root"]) == ("test.hang", hanging), "the main process's own line"
