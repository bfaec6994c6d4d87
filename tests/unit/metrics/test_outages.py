"""A store that is down, or says nothing, is told by a figure: the rest is there, and soon."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.metrics.stores import PATIENCE
from tests.unit.metrics.ledger import record
from tests.unit.metrics.role import ACCOUNT, running_role

NOBODY = "127.0.0.1:1"
BOUND = PATIENCE + 2  # s, on a machine that is busy with other tests


@pytest.fixture
def silent() -> Iterator[str]:
    """Yields the address of one who takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture(params=["nobody", "silent"])
def lost(request: pytest.FixtureRequest, silent: str) -> str:
    return silent if request.param == "silent" else NOBODY


def test_without_redis_the_ledger_is_still_shown(
    database_url: str, lost: str, tmp_path: Path
) -> None:
    record()
    with running_role(database_url, f"redis://:secret@{lost}/0", tmp_path) as role:
        for _ in range(2):
            begun = time.monotonic()
            found = role.scrape()
            assert time.monotonic() - begun < BOUND
            assert (found["fiscal_redis_up"][()], found["fiscal_postgres_up"][()]) == (0, 1)
            assert found["fiscal_runs_finished_total"]
            assert "fiscal_queue_waiting" not in found
        answer = role.client.get("/workers/slow", auth=ACCOUNT)
        assert answer.status_code == 503
        assert "secret" not in role.log + answer.text


def test_without_postgres_the_queues_are_still_shown(
    redis_url: str, lost: str, tmp_path: Path
) -> None:
    with running_role(f"postgresql://ana:secret@{lost}/fiscal", redis_url, tmp_path) as role:
        for _ in range(2):
            begun = time.monotonic()
            found = role.scrape()
            assert time.monotonic() - begun < BOUND
            assert (found["fiscal_redis_up"][()], found["fiscal_postgres_up"][()]) == (1, 0)
            assert found["fiscal_queue_waiting"]
            assert "fiscal_runs_finished_total" not in found
        assert role.client.get("/workers/slow", auth=ACCOUNT).json()["runs"] == 0
        assert "secret" not in role.log


def test_without_either_it_answers_and_waits_once(silent: str, tmp_path: Path) -> None:
    url = f"postgresql://ana:secret@{silent}/fiscal"
    with running_role(url, f"redis://{silent}/0", tmp_path) as role:
        begun = time.monotonic()
        found = role.scrape()
        assert time.monotonic() - begun < BOUND
        assert (found["fiscal_redis_up"][()], found["fiscal_postgres_up"][()]) == (0, 0)


def test_a_schema_that_is_not_there_yet_is_an_outage(
    postgres_server: str, redis_url: str, tmp_path: Path
) -> None:
    with running_role(f"{postgres_server}/test", redis_url, tmp_path) as role:
        assert role.scrape()["fiscal_postgres_up"][()] == 0
        assert "does not exist" in role.log
