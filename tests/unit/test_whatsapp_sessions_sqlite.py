"""Silent conversations go, on files that openai-agents itself has written."""

import asyncio
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from agents import SQLiteSession

from app.errors import ConfigurationError, InvalidInput, StoreBusy
from app.infrastructure.whatsapp_sessions import open_store
from app.infrastructure.whatsapp_sessions_sqlite import SqliteSessionStore
from app.services.whatsapp_sessions import cleanup_old_sessions
from app.settings import Settings

Talk = Callable[..., None]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "whatsapp sessions #1.db"


@pytest.fixture
def talk(path: Path) -> Talk:
    """Writes a conversation with the SDK, and lets it have happened some minutes ago."""

    def run(name: str, messages: int = 2, minutes_ago: int = 0) -> None:
        session = SQLiteSession(name, path)
        items = [{"role": "user", "content": f"hola {n}"} for n in range(messages)]
        asyncio.run(session.add_items(items))  # type: ignore[arg-type]
        session.close()
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute(
                "UPDATE agent_sessions SET updated_at = datetime('now', ?) WHERE session_id = ?",
                (f"-{minutes_ago} minutes", name),
            )

    return run


@pytest.fixture
def another_process(path: Path, talk: Talk) -> Iterator[sqlite3.Connection]:
    talk("old", minutes_ago=120)
    connection = sqlite3.connect(path, isolation_level=None)
    yield connection
    connection.close()


def names(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return [name for (name,) in connection.execute("SELECT session_id FROM agent_sessions")]


def count_messages(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        (count,) = connection.execute("SELECT count(*) FROM agent_messages").fetchone()
        return int(count)


def test_silent_sessions_go_with_their_messages_and_live_ones_stay(path: Path, talk: Talk) -> None:
    talk("silent", messages=3, minutes_ago=61)
    talk("live", messages=2, minutes_ago=59)
    assert cleanup_old_sessions(SqliteSessionStore(path)) == {
        "sessions_deleted": 1,
        "messages_deleted": 3,
        "threshold_hours": 1,
        "db_missing": False,
    }
    assert names(path) == ["live"]
    assert count_messages(path) == 2


@pytest.mark.parametrize("zone", ["America/Santiago", "Pacific/Kiritimati", "UTC"])
def test_the_cutoff_is_in_utc_wherever_the_worker_stands(
    path: Path, talk: Talk, monkeypatch: pytest.MonkeyPatch, zone: str
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        talk("silent", minutes_ago=61)
        talk("live", minutes_ago=59)
        cleanup_old_sessions(SqliteSessionStore(path))
    finally:
        monkeypatch.undo()
        time.tzset()
    assert names(path) == ["live"]


def test_a_session_that_speaks_again_is_spared(path: Path, talk: Talk) -> None:
    talk("back", minutes_ago=300)
    session = SQLiteSession("back", path)
    asyncio.run(session.add_items([{"role": "user", "content": "sigo aquí"}]))
    session.close()
    assert cleanup_old_sessions(SqliteSessionStore(path))["sessions_deleted"] == 0


def test_a_longer_threshold_spares_more(path: Path, talk: Talk) -> None:
    talk("yesterday", minutes_ago=24 * 60 + 1)
    talk("today", minutes_ago=23 * 60)
    assert (
        cleanup_old_sessions(SqliteSessionStore(path), threshold_hours=24)["sessions_deleted"] == 1
    )
    assert names(path) == ["today"]


def test_orphan_messages_go_too(path: Path, talk: Talk) -> None:
    talk("live")
    talk("gone", messages=5)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM agent_sessions WHERE session_id = 'gone'")
    counts = cleanup_old_sessions(SqliteSessionStore(path))
    assert (counts["sessions_deleted"], counts["messages_deleted"]) == (0, 5)
    assert count_messages(path) == 2


def test_more_sessions_than_one_batch_go_in_several(path: Path, talk: Talk) -> None:
    talk("live")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1250)"
            " INSERT INTO agent_sessions SELECT 's' || i, datetime('now', '-1 day'),"
            " datetime('now', '-1 day') FROM n"
        )
        connection.execute(
            "INSERT INTO agent_messages (session_id, message_data)"
            " SELECT session_id, '{}' FROM agent_sessions WHERE session_id <> 'live'"
        )
        connection.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 700)"
            " INSERT INTO agent_messages (session_id, message_data) SELECT 'nobody', '{}' FROM n"
        )
    counts = cleanup_old_sessions(SqliteSessionStore(path))
    assert (counts["sessions_deleted"], counts["messages_deleted"]) == (1250, 1950)
    assert names(path) == ["live"]


def test_the_log_is_written_back_and_left_in_place(path: Path, talk: Talk, tmp_path: Path) -> None:
    talk("silent", minutes_ago=120)
    talk("live")
    with closing(sqlite3.connect(path)) as other:  # the last one to close would write back itself
        other.execute("SELECT count(*) FROM agent_sessions").fetchone()
        cleanup_old_sessions(SqliteSessionStore(path))
        assert Path(f"{path}-wal").exists()
        without_the_log = tmp_path / "copy.db"
        without_the_log.write_bytes(path.read_bytes())
        assert names(without_the_log) == ["live"]


def test_a_second_run_finds_nothing_to_do(path: Path, talk: Talk) -> None:
    talk("silent", minutes_ago=120)
    cleanup_old_sessions(SqliteSessionStore(path))
    assert cleanup_old_sessions(SqliteSessionStore(path))["sessions_deleted"] == 0


def test_a_store_that_another_process_writes_is_busy_and_keeps_everything(
    path: Path, another_process: sqlite3.Connection
) -> None:
    another_process.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreBusy):
        cleanup_old_sessions(SqliteSessionStore(path, patience=0.2))
    another_process.execute("ROLLBACK")
    assert names(path) == ["old"]
    assert cleanup_old_sessions(SqliteSessionStore(path))["sessions_deleted"] == 1


def test_a_reader_does_not_make_the_store_busy(
    path: Path, another_process: sqlite3.Connection
) -> None:
    another_process.execute("BEGIN")
    another_process.execute("SELECT count(*) FROM agent_messages").fetchone()
    store = SqliteSessionStore(path, patience=0.2)
    assert cleanup_old_sessions(store)["sessions_deleted"] == 1
    another_process.execute("ROLLBACK")


def test_a_file_that_nobody_has_made_is_no_failure_and_is_not_made(path: Path) -> None:
    assert cleanup_old_sessions(SqliteSessionStore(path), threshold_hours=6) == {
        "sessions_deleted": 0,
        "messages_deleted": 0,
        "threshold_hours": 6,
        "db_missing": True,
    }
    assert os.listdir(path.parent) == []  # noqa: PTH208


def test_a_file_without_the_tables_counts_as_missing(path: Path) -> None:
    path.touch()
    assert cleanup_old_sessions(SqliteSessionStore(path))["db_missing"] is True


def test_a_file_that_is_no_database_is_named_in_one_sentence(path: Path) -> None:
    path.write_text("this is no database at all, " * 100)
    with pytest.raises(ConfigurationError, match="WHATSAPP_SESSIONS_PATH names") as caught:
        cleanup_old_sessions(SqliteSessionStore(path))
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("threshold", [0, -1, -0.5, float("nan"), float("inf"), "1", None, True])
def test_a_threshold_that_is_no_positive_number_is_refused_and_nothing_goes(
    path: Path, talk: Talk, threshold: object
) -> None:
    talk("silent", minutes_ago=120)
    with pytest.raises(InvalidInput, match="threshold_hours") as caught:
        cleanup_old_sessions(SqliteSessionStore(path), threshold_hours=threshold)  # type: ignore[arg-type]
    assert caught.value.field == "threshold_hours"
    assert names(path) == ["silent"]


def test_the_store_is_the_one_that_the_settings_name(path: Path, talk: Talk) -> None:
    talk("silent", minutes_ago=120)
    store = open_store(Settings(whatsapp_sessions_path=path))
    assert cleanup_old_sessions(store)["sessions_deleted"] == 1
