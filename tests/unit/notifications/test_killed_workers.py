"""Three workers and two beats are killed while a provider misbehaves: nobody is told twice."""

import json
import os
import random
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import create_engine, func, select, text

from app.infrastructure.celery.beat import seed_schedule
from app.infrastructure.db.models import NotificationDelivery, ScheduledNotification
from tests.unit.celery.worker_process import (
    Start,
    container_environment,
    worker_processes,
)
from tests.unit.notifications.desk import Desk
from tests.unit.notifications.graph_api import Answer, GraphApi, accepted, refused, serving
from tests.waiting import wait_until

DUE = int(os.environ.get("KILLED_WORKERS_DUE", "300"))
KILLS = 6 if DUE < 1000 else 12
EACH_SECOND = """
UPDATE celery_intervalschedule SET every = 1, period = 'seconds' WHERE id = (
    SELECT schedule_id FROM celery_periodictask WHERE task = 'notifications.process_pending')
"""


class Provider:
    """Keeps a log of what it accepted; of a message's first call it may make a mess."""

    def __init__(self, chance: random.Random) -> None:
        self.accepted: Counter[str] = Counter()
        self.lost_answers = 0
        self._seen: set[str] = set()
        self._chance = chance
        self._lock = threading.Lock()

    def __call__(self, body: dict[str, Any]) -> Answer | None:
        delivery = body["biz_opaque_callback_data"]
        with self._lock:
            fault = self._chance.random() if delivery not in self._seen else 1
            self._seen.add(delivery)
            if fault < 0.05:
                return refused(429, 130429)(body)
            if fault < 0.1:
                return refused(500, 131000)(body)
            self.accepted[delivery] += 1
            if fault < 0.13:
                self.lost_answers += 1
                return None  # accepted, and the connection is cut
        threading.Event().wait(0.05)
        return accepted(body)


@pytest.fixture
def graph() -> Iterator[GraphApi]:
    with serving() as server:
        yield server


@pytest.fixture
def surroundings(
    database_url: str, redis_url: str, tmp_path: Path, graph: GraphApi
) -> dict[str, str]:
    return container_environment(database_url, redis_url, tmp_path) | {
        "WHATSAPP_API_URL": graph.url,
        "WHATSAPP_PHONE_NUMBER_ID": "100200300",
        "WHATSAPP_ACCESS_TOKEN": "a-token",
        "TEST_WAITS": "1",
        "TEST_LIVENESS": "2",
        "TEST_TICK": "0.5",
    }


@pytest.fixture
def start(surroundings: dict[str, str], tmp_path: Path) -> Iterator[Start]:
    with worker_processes(surroundings, tmp_path) as start:
        yield start


@contextmanager
def beats(environment: dict[str, str], directory: Path) -> Iterator[Callable[[], Any]]:
    """Yields a function that starts a beat; ends them all."""
    started: list[subprocess.Popen[bytes]] = []
    command = [sys.executable, "-m", "celery", "-A", "app.infrastructure.celery", "beat"]

    def start() -> "subprocess.Popen[bytes]":
        with (directory / f"beat-{len(started)}.log").open("wb") as log:
            process = subprocess.Popen(
                [*command, "--pidfile=", "--max-interval=1"],
                env=environment,
                stdout=log,
                stderr=log,
                cwd=directory,
            )
        started.append(process)
        return process

    try:
        yield start
    finally:
        for process in started:
            process.kill()
            process.wait()


def test_each_message_leaves_once_or_is_listed_as_unknown(
    desk: Desk,
    graph: GraphApi,
    database_url: str,
    start: Start,
    surroundings: dict[str, str],
    tmp_path: Path,
) -> None:
    chance = random.Random(20261125)
    provider = Provider(chance)
    graph.answer = provider
    send_each_second(database_url)
    for _ in range(3):
        desk.due(desk.company(), count=DUE // 3)
    reports: list[str] = []

    with beats(surroundings, tmp_path) as beat:
        starters: dict[str, Callable[[], Any]] = {
            f"fast{number}": lambda number=number: start(f"fast{number}", "high", ready=False)
            for number in range(3)
        } | {f"beat{number}": beat for number in range(2)}
        running = {name: starter() for name, starter in starters.items()}
        for number in range(KILLS):
            goal = DUE * (number + 1) // (KILLS + 2)
            wait_until(lambda goal=goal: asked(desk, graph, goal), timeout=120, what="some sends")
            name = chance.choice(list(running))
            victim = getattr(running[name], "process", running[name])
            victim.kill()
            victim.wait()
            running[name] = starters[name]()
            reports.append(name)
        wait_until(lambda: is_done(desk), timeout=300, what="the end of it", every=1)

    assert set(provider.accepted.values()) == {1}, "nobody is told twice"
    states = delivery_states(desk)
    assert len(states) == DUE // 3 * 3, "none is lost"
    assert set(states.values()) <= {"sent", "unknown"}
    unknown = {delivery for delivery, status in states.items() if status == "unknown"}
    arrived = {UUID(delivery) for delivery in provider.accepted}
    assert set(states) - unknown <= arrived
    assert provider.lost_answers <= len(unknown) <= provider.lost_answers + 20 * KILLS
    print(json.dumps({"killed": reports, "unknown": len(unknown), "lost": provider.lost_answers}))  # noqa: T201


def send_each_second(database_url: str) -> None:
    """Seeds beat's schedule, where what is due goes out each second instead of each 5 minutes."""
    seed_schedule(database_url)
    engine = create_engine(database_url)
    with engine.begin() as connection:
        assert connection.execute(text(EACH_SECOND)).rowcount == 1
    engine.dispose()


def asked(desk: Desk, graph: GraphApi, goal: int) -> bool:
    return len(graph.requests) >= goal or is_done(desk)


def is_done(desk: Desk) -> bool:
    row = ScheduledNotification
    with desk.sessions() as session:
        query = select(func.count()).where(row.status.in_(("pending", "processing")))
        return not session.scalar(query)


def delivery_states(desk: Desk) -> dict[UUID, str]:
    with desk.sessions() as session:
        row = NotificationDelivery
        return dict(session.execute(select(row.id, row.status)).tuples().all())
