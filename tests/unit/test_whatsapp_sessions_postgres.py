"""Silent conversations go, from tables that openai-agents itself has written to."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

import psycopg
import pytest
from agents.extensions.memory import SQLAlchemySession
from sqlalchemy.ext.asyncio import create_async_engine

from app.errors import ConfigurationError
from app.infrastructure.whatsapp_sessions import open_store
from app.infrastructure.whatsapp_sessions_postgres import PostgresSessionStore
from app.services.whatsapp_sessions import cleanup_old_sessions
from app.settings import Settings
from tests.conftest import ROOT
from tests.waiting import wait_until

Talk = Callable[..., None]
FAR = "America/Santiago"  # the assistant's connections need not speak UTC


@asynccontextmanager
async def assistant(url: str, name: str) -> AsyncIterator[SQLAlchemySession]:
    """Yields the SDK's own session, with a time zone of its own."""
    engine = create_async_engine(url, connect_args={"options": f"-c timezone={FAR}"})
    yield SQLAlchemySession(name, engine=engine)
    await engine.dispose()


def items(*texts: str) -> list[Any]:
    return [{"role": "user", "content": text} for text in texts]


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection[Any]]:
    url = database_url.replace("+psycopg", "")
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def talk(database_url: str, connection: psycopg.Connection[Any]) -> Talk:
    """Writes a conversation with the SDK, and lets it have happened some minutes ago."""

    async def say(name: str, texts: list[str]) -> None:
        async with assistant(database_url, name) as session:
            await session.add_items(items(*texts))

    def run(name: str, *texts: str, minutes_ago: int = 0) -> None:
        asyncio.run(say(name, list(texts)))
        connection.execute(
            "UPDATE agent_sessions SET updated_at = updated_at - make_interval(mins => %s)"
            " WHERE session_id = %s",
            [minutes_ago, name],
        )

    return run


def left(connection: psycopg.Connection[Any]) -> dict[str, list[str]]:
    """Returns the texts of each session that is there."""
    rows = connection.execute(
        "SELECT session_id, message_data FROM agent_sessions LEFT JOIN agent_messages"
        " USING (session_id) ORDER BY id"
    )
    found: dict[str, list[str]] = {}
    for name, data in rows:
        found.setdefault(name, []).extend([json.loads(data)["content"]] if data else [])
    return found


def test_silent_sessions_go_with_their_messages_and_live_ones_stay(
    talk: Talk, connection: psycopg.Connection[Any]
) -> None:
    talk("silent", "hola", "¿mi F29?", "gracias", minutes_ago=61)
    talk("live", "hola", "¿y el IVA?", minutes_ago=59)
    assert cleanup_old_sessions(PostgresSessionStore()) == {
        "sessions_deleted": 1,
        "messages_deleted": 3,
        "threshold_hours": 1,
        "db_missing": False,
    }
    assert left(connection) == {"live": ["hola", "¿y el IVA?"]}
    assert cleanup_old_sessions(PostgresSessionStore())["sessions_deleted"] == 0


def test_the_assistant_reads_and_forgets_what_is_in_these_tables(
    database_url: str, talk: Talk, connection: psycopg.Connection[Any]
) -> None:
    async def use() -> list[Any]:
        async with assistant(database_url, "ana") as session:
            await session.add_items(items("uno", "dos", "tres"))
            await session.pop_item()
            found = await session.get_items(limit=1)
            await session.clear_session()
            return found

    assert asyncio.run(use()) == items("dos")
    assert left(connection) == {}


@pytest.mark.parametrize("hours", [24, 1e300])
def test_a_longer_threshold_spares_more(
    talk: Talk, connection: psycopg.Connection[Any], hours: float
) -> None:
    talk("today", "hola", minutes_ago=23 * 60)
    assert cleanup_old_sessions(PostgresSessionStore(), threshold_hours=hours) == {
        "sessions_deleted": 0,
        "messages_deleted": 0,
        "threshold_hours": hours,
        "db_missing": False,
    }
    assert left(connection) == {"today": ["hola"]}


def test_more_sessions_than_one_batch_go_in_several(connection: psycopg.Connection[Any]) -> None:
    connection.execute(
        "INSERT INTO agent_sessions (session_id, updated_at)"
        " SELECT 's' || i, now() - interval '1 day' FROM generate_series(1, 1250) AS i"
    )
    connection.execute(
        "INSERT INTO agent_messages (session_id, message_data)"
        " SELECT session_id, '{}' FROM agent_sessions, generate_series(1, 2)"
    )
    transactions = connection.execute("SELECT pg_current_xact_id()::text::bigint").fetchone()
    counts = cleanup_old_sessions(PostgresSessionStore())
    assert (counts["sessions_deleted"], counts["messages_deleted"]) == (1250, 2500)
    later = connection.execute("SELECT pg_current_xact_id()::text::bigint").fetchone()
    assert later is not None
    assert transactions is not None
    assert later[0] - transactions[0] > 3  # one for each batch, besides this question's own
    assert left(connection) == {}


def test_a_session_that_is_written_to_just_now_is_skipped_and_not_waited_for(
    database_url: str, talk: Talk, connection: psycopg.Connection[Any]
) -> None:
    talk("back", "hola", minutes_ago=300)
    talk("silent", "hola", minutes_ago=300)
    name = connection.info.dbname  # a clean-up that waited would end with an error
    connection.execute(f"ALTER DATABASE {name} SET lock_timeout = '5s'")
    with psycopg.connect(database_url.replace("+psycopg", "")) as writer:
        # What SQLAlchemySession.add_items does, held open in the middle.
        writer.execute("SELECT 1 FROM agent_sessions WHERE session_id = 'back' FOR UPDATE")
        writer.execute(
            "INSERT INTO agent_messages (session_id, message_data) VALUES ('back', %s)",
            [json.dumps(items("sigo aquí")[0])],
        )
        assert cleanup_old_sessions(PostgresSessionStore())["sessions_deleted"] == 1
        writer.execute("UPDATE agent_sessions SET updated_at = now() WHERE session_id = 'back'")
    assert left(connection) == {"back": ["hola", "sigo aquí"]}
    assert cleanup_old_sessions(PostgresSessionStore())["sessions_deleted"] == 0


def test_two_clean_ups_at_once_count_each_session_once(
    connection: psycopg.Connection[Any],
) -> None:
    connection.execute(
        "INSERT INTO agent_sessions (session_id, updated_at)"
        " SELECT 's' || i, now() - interval '1 day' FROM generate_series(1, 1250) AS i"
    )
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(cleanup_old_sessions, [PostgresSessionStore(batch=100)] * 2))
    assert sum(one["sessions_deleted"] for one in found) == 1250
    assert left(connection) == {}


def test_nobody_who_writes_while_it_runs_loses_a_word(
    talk: Talk, connection: psycopg.Connection[Any]
) -> None:
    names = [f"user {number}" for number in range(4)]
    for name in names:
        talk(name, "antes", minutes_ago=300)

    def write(name: str) -> None:
        for number in range(5):
            talk(name, f"ahora {number}")

    with ThreadPoolExecutor(5) as pool:
        cleaning = pool.submit(
            lambda: [cleanup_old_sessions(PostgresSessionStore(batch=1)) for _ in range(20)]
        )
        list(pool.map(write, names))
        cleaning.result(60)
    now = [f"ahora {number}" for number in range(5)]
    for name, texts in left(connection).items():
        assert texts in (now, ["antes", *now]), name
    assert set(left(connection)) == set(names)


def test_no_platform_without_a_shared_volume_names_a_file() -> None:
    for path in [*(ROOT / "deploy/helm").rglob("*"), *(ROOT / "deploy/railway").rglob("*")]:
        if path.is_file():
            assert b"WHATSAPP_SESSIONS_PATH" not in path.read_bytes(), path


PAUSE = """
    CREATE FUNCTION public.now() RETURNS timestamptz LANGUAGE plpgsql AS $$
    BEGIN PERFORM pg_advisory_lock_shared(1); RETURN clock_timestamp(); END $$
"""


def test_a_session_that_comes_back_while_the_clean_up_looks_is_spared(
    talk: Talk, connection: psycopg.Connection[Any]
) -> None:
    talk("back", "hola", minutes_ago=300)
    # The clean-up's own clock holds it up in the middle of its statement.
    connection.execute(PAUSE)
    connection.execute(
        f"ALTER DATABASE {connection.info.dbname} SET search_path = public, pg_catalog"
    )
    connection.execute("SELECT pg_advisory_lock(1)")
    with ThreadPoolExecutor() as threads:
        cleaning = threads.submit(cleanup_old_sessions, PostgresSessionStore())
        wait_until(lambda: is_waited_for(connection), what="the clean-up in its statement")
        talk("back", "sigo aquí")
        connection.execute("SELECT pg_advisory_unlock(1)")
        assert cleaning.result(30)["sessions_deleted"] == 0
    assert left(connection) == {"back": ["hola", "sigo aquí"]}


def is_waited_for(connection: psycopg.Connection[Any]) -> bool:
    """Returns whether somebody waits for an advisory lock of this database."""
    waiting = connection.execute(
        "SELECT 1 FROM pg_locks JOIN pg_database ON pg_database.oid = database"
        " WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()"
    )
    return waiting.fetchone() is not None


def test_the_store_is_in_postgres_where_no_file_is_named(
    talk: Talk, database_url: str, connection: psycopg.Connection[Any]
) -> None:
    talk("silent", "hola", minutes_ago=120)
    cleanup_old_sessions(open_store(Settings()))
    assert left(connection) == {}


def test_without_a_file_and_a_database_the_missing_variable_is_named() -> None:
    with pytest.raises(ConfigurationError, match="DATABASE_URL is not set"):
        open_store(Settings())
