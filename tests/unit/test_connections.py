"""Postgres notices within half a minute that a client's host is gone, and frees its locks."""

import re
from collections import Counter

from sqlalchemy import text

from app.infrastructure.celery.beat import _wait_for_lock
from app.infrastructure.db.session import get_engine
from tests.conftest import ROOT

KEEPALIVES = {"tcp_keepalives_idle": 10, "tcp_keepalives_interval": 5, "tcp_keepalives_count": 4}


def test_the_server_looks_after_the_connections_of_the_engine(database_url: str) -> None:
    with get_engine().connect() as connection:
        for name, value in KEEPALIVES.items():
            assert connection.scalar(text(f"SHOW {name}")) == str(value)
        assert connection.scalar(text("SHOW timezone")) == "UTC"


def test_the_server_looks_after_the_connection_that_holds_beats_lock(database_url: str) -> None:
    with _wait_for_lock(database_url) as connection:
        for name, value in KEEPALIVES.items():
            assert connection.execute(f"SHOW {name}").fetchone() == (str(value),)


def test_no_two_advisory_locks_have_one_number() -> None:
    text = "".join(file.read_text() for file in (ROOT / "backend" / "app").rglob("*.py"))
    numbers = Counter(re.findall(r"LOCK = ([\d_]+)", text))
    assert len(numbers) >= 4
    assert [number for number, times in numbers.items() if times > 1] == []
