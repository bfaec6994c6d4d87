"""Two workers on the same rows, and workers that die in the middle."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from app.services.sending import THREADS
from tests.conftest import ROOT
from tests.unit.notifications.conftest import Clock, Process
from tests.unit.notifications.desk import Desk
from tests.unit.notifications.graph_api import GraphApi, accepted, serving
from tests.unit.notifications.scripted import ScriptedChannel
from tests.waiting import wait_until


@pytest.fixture
def graph() -> Iterator[GraphApi]:
    with serving() as server:
        yield server


@contextmanager
def worker(graph: GraphApi, batch: int) -> Iterator["subprocess.Popen[str]"]:
    """A process that waits for one line and then sends."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.unit.notifications.runner", graph.url, str(batch)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'backend'}:{ROOT}"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def start(*processes: "subprocess.Popen[str]") -> None:
    """Lets them send at the same moment, once all are ready."""
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()


def result_of(process: "subprocess.Popen[str]") -> dict[str, int]:
    assert process.stdout is not None
    counts: dict[str, int] = json.loads(process.stdout.readline())
    assert process.wait(10) == 0
    return counts


def sent_ids(graph: GraphApi) -> Counter[str]:
    return Counter(body["biz_opaque_callback_data"] for _, _, body in graph.requests)


def test_two_concurrent_runs_deliver_a_hundred_messages_once_each(
    desk: Desk, graph: GraphApi
) -> None:
    due = desk.due(desk.company(), count=100)
    with worker(graph, 60) as first, worker(graph, 60) as second:
        start(first, second)
        counts = [result_of(first), result_of(second)]
    assert sum(each["sent"] for each in counts) == 100
    assert desk.statuses() == {"sent": 100}
    once = {str(desk.delivery(each).id): 1 for each in due}
    assert sent_ids(graph) == once


def test_a_worker_killed_while_it_sends_repeats_nothing_and_loses_only_what_was_in_doubt(
    desk: Desk, graph: GraphApi, process: Process, clock: Clock
) -> None:
    desk.due(desk.company(), count=60)

    def hang_after_twenty(body: dict[str, Any]) -> Any:
        return accepted(body) if len(graph.requests) <= 20 else graph.hang(body)

    graph.answer = hang_after_twenty
    with worker(graph, 60) as victim:
        start(victim)
        wait_until(lambda: len(graph.requests) == 20 + THREADS, what="all threads at work")
        victim.kill()
        victim.wait()
    on_the_wire = len(graph.requests) - 20
    assert desk.statuses() == {"processing": 60}, "told or not, the next one settles it"

    whatsapp = ScriptedChannel("whatsapp")
    assert process(whatsapp, batch=100)["sent"] == 0, "the dead worker's lease still runs"
    clock.advance(minutes=6)
    counts = process(whatsapp, batch=100)
    assert counts == {
        "sent": 60 - on_the_wire, "partial": on_the_wire, "failed": 0, "skipped": 0,
        "retrying": 0, "remaining": 0,
    }  # fmt: skip
    by_the_second = Counter(str(message.delivery_id) for message in whatsapp.sent)
    assert set((sent_ids(graph) + by_the_second).values()) == {1}, "nobody is told twice"


def test_a_worker_killed_between_claim_and_send_leaves_its_rows_to_the_next(
    desk: Desk, graph: GraphApi, process: Process, clock: Clock
) -> None:
    company = desk.company()
    desk.due(company, count=THREADS + 2)
    graph.answer = graph.hang
    with worker(graph, 50) as victim:
        start(victim)
        wait_until(lambda: len(graph.requests) == THREADS, what="all threads at work")
        victim.kill()
        victim.wait()
    clock.advance(minutes=6)
    whatsapp = ScriptedChannel("whatsapp")
    counts = process(whatsapp)
    assert (counts["sent"], counts["partial"]) == (2, THREADS)
