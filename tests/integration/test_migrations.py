"""The schema goes up and down, matches the models, and outlives a rollback of the code."""

import threading

import psycopg
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, inspect

from app.infrastructure.celery.beat import seed_schedule
from app.infrastructure.db import schema
from app.infrastructure.db.schema import (
    MIGRATIONS,
    database_revision,
    head_revision,
    migrate,
    wait_for_schema,
)


@pytest.fixture
def config(database_url: str) -> Config:
    config = Config()  # env.py reads DATABASE_URL, which the fixture has set
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


@pytest.fixture
def plain_url(database_url: str) -> str:
    return database_url.replace("+psycopg", "")


def tables(url: str) -> set[str]:
    engine = create_engine(url)
    names = set(inspect(engine).get_table_names())
    engine.dispose()
    return names


def test_down_leaves_nothing_of_ours_and_up_brings_it_back(
    database_url: str, config: Config
) -> None:
    before = tables(database_url)
    command.downgrade(config, "base")
    left = {name for name in tables(database_url) if not name.startswith("celery_")}
    assert left == {"alembic_version"}
    command.upgrade(config, "head")
    assert tables(database_url) == before


def test_models_and_migrations_agree_with_the_tables_of_others_beside_them(
    database_url: str, plain_url: str, config: Config
) -> None:
    seed_schedule(database_url)
    with psycopg.connect(plain_url) as connection:
        connection.execute("CREATE TABLE mem0_memories_7 (id uuid PRIMARY KEY)")
    assert any(name.startswith("celery_") for name in tables(database_url))
    command.check(config)


def test_migrating_twice_at_the_same_time_is_safe(postgres_server: str) -> None:
    name = "test_concurrent_migration"
    with psycopg.connect(
        postgres_server.replace("+psycopg", "") + "/test", autocommit=True
    ) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        url = f"{postgres_server}/{name}"
        errors: list[BaseException] = []

        def run() -> None:
            try:
                migrate(url)
            except BaseException as error:  # noqa: BLE001 (reported by the assertion below)
                errors.append(error)

        threads = [threading.Thread(target=run) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == []
        assert database_revision(url) == head_revision()
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_the_seed_stands_under_the_lock_of_the_migration(database_url: str, plain_url: str) -> None:
    free: list[bool] = []

    def seed() -> None:
        with psycopg.connect(plain_url) as other:
            row = other.execute("SELECT pg_try_advisory_lock(%s)", [schema._LOCK]).fetchone()
            free.append(bool(row and row[0]))

    migrate(database_url, seed=seed)
    assert free == [False]


def test_a_start_waits_for_an_older_schema_and_not_for_a_newer_one(
    database_url: str, plain_url: str
) -> None:
    told: list[str] = []
    with psycopg.connect(plain_url, autocommit=True) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0000'")
        assert not wait_for_schema(database_url, 0, told.append)
        assert told == [
            f"waiting for the schema: the database is at 0000, {head_revision()} is needed"
        ]
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        assert wait_for_schema(database_url, 0, told.append)


def test_revision_ids_are_numbers_of_four_digits() -> None:
    names = [path.name for path in (MIGRATIONS / "versions").glob("*.py")]
    assert names
    assert all(name[:4].isdigit() and name[4] == "_" for name in names)
