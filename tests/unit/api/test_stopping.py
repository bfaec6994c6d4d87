"""The API stops as in its container, under gunicorn: streams end, other requests are answered."""

import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests import operations
from tests.unit.api.outages import Api, running_api
from tests.unit.api.test_operations_page import sign_in
from tests.unit.api.test_runs import add_run
from tests.waiting import wait_until

PATIENCE = 20  # s for what has to end by itself
THE_END = 60  # s until gunicorn kills what has not


class Stream(threading.Thread):
    """Reads a stream to its end; a connection that is cut is no end."""

    def __init__(self, client: httpx.Client, address: str) -> None:
        super().__init__(daemon=True)
        self.client, self.address = client, address
        self.lines: list[str] = []
        self.ended = False

    def run(self) -> None:
        with self.client.stream("GET", self.address, timeout=60) as answer:
            for line in answer.iter_lines():
                self.lines.append(line)
        self.ended = True


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "api.log"


@pytest.fixture
def api(database_url: str, redis_url: str, log: Path) -> Iterator[Api]:
    with running_api(database_url, redis_url, log, graceful_timeout=THE_END) as api:
        yield api


def test_a_stop_ends_streams_at_once_and_answers_what_was_asked(
    api: Api, session: Session, log: Path
) -> None:
    passwords = operations.add_accounts(session)
    run_id = add_run(session, state="running")
    assert sign_in(api.client, "vera", passwords["vera"]).status_code == 303
    streams = [
        Stream(api.client, address) for address in ("/ops/events", f"/v1/runs/{run_id}/events")
    ]
    for stream in streams:
        stream.start()
    wait_until(lambda: all(stream.lines for stream in streams), what="the first events")
    session.execute(text("LOCK TABLE extra_holidays IN ACCESS EXCLUSIVE MODE"))
    with ThreadPoolExecutor() as pool:
        slow = pool.submit(api.client.get, "/v1/holidays?year=2026")
        wait_until(lambda: is_awaited(session), what="the request in flight")
        api.process.send_signal(signal.SIGTERM)
        wait_until(lambda: "Waiting for connections to close" in log.read_text(), what="the stop")
        session.rollback()
        assert slow.result().status_code == 200
    assert api.process.wait(PATIENCE) == 0
    for stream in streams:
        stream.join(10)
    assert [stream.ended for stream in streams] == [True, True]


def is_awaited(session: Session) -> bool:
    """Returns whether somebody waits for the table that this session has locked."""
    waiting = (
        "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = CAST(:name AS regclass)"
    )
    return bool(session.scalar(text(waiting), {"name": "extra_holidays"}))
