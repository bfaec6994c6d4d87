"""`fiscal migrate`, as the containers of every platform run it."""

import os
import subprocess
import sys
from collections.abc import Iterator

import psycopg
import pytest

from app.domain.obligations import OBLIGATIONS
from tests.conftest import ROOT
from tests.unit.celery.test_outages import Postgres
from tests.unit.test_cli import NOBODY, SECRET, assert_one_sentence, fiscal


@pytest.fixture
def postgres(database_url: str) -> Iterator[Postgres]:
    postgres = Postgres(database_url)
    yield postgres
    postgres.admin.close()


def test_without_a_database_it_ends_with_75_and_a_clear_last_line() -> None:
    url = f"postgresql://fiscal:{SECRET}@{NOBODY}/fiscal"
    done = fiscal("migrate", "--wait", "0.2", DATABASE_URL=url)
    assert done.returncode == 75
    waiting, last = done.stderr.splitlines()
    assert waiting.startswith(f"waiting for Postgres at {NOBODY}: ")
    assert last.startswith(f"Postgres at {NOBODY} does not answer after 0.2 s: ")
    assert "Connection refused; check that it runs" in last
    assert SECRET not in done.stderr + done.stdout


def test_a_database_that_comes_later_is_waited_for(postgres: Postgres, database_url: str) -> None:
    with postgres.away():
        process = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "migrate"],
            cwd=ROOT / "backend",
            env={"PATH": os.environ["PATH"], "DATABASE_URL": database_url},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stderr is not None
        assert "waiting for Postgres at " in process.stderr.readline()
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert out.startswith("schema: at ")


def test_a_wrong_password_is_the_reason_and_is_not_shown(database_url: str) -> None:
    user, _, server = database_url.rpartition("@")
    wrong = f"{user.rpartition(':')[0]}:{SECRET}@{server}"
    done = fiscal("migrate", "--wait", "0", DATABASE_URL=wrong)
    assert done.returncode == 75
    assert "password authentication failed" in done.stderr.splitlines()[-1]
    assert SECRET not in done.stderr


@pytest.mark.parametrize("url", [f"postgresql://u:{SECRET}@b@h/x", f"mysql://u:{SECRET}@h/x"])
def test_a_malformed_url_is_one_sentence_and_64(url: str) -> None:
    done = fiscal("migrate", DATABASE_URL=url)
    assert done.returncode == 64
    assert_one_sentence(done.stderr)


def test_migrating_twice_adds_the_schedule_once(database_url: str) -> None:
    first, second = (fiscal("migrate", DATABASE_URL=database_url) for _ in range(2))
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert "schedule: added" in first.stdout
    assert "schedule: nothing is missing" in second.stdout


def test_migrating_brings_the_obligations_along(database_url: str, postgres: Postgres) -> None:
    assert fiscal("migrate", DATABASE_URL=database_url).returncode == 0
    with psycopg.connect(postgres.url) as connection:
        rows = connection.execute("SELECT code FROM event_templates").fetchall()
    assert {code for (code,) in rows} == set(OBLIGATIONS)


def test_a_newer_database_is_left_alone_so_that_a_rollback_works(
    database_url: str, postgres: Postgres
) -> None:
    with psycopg.connect(postgres.url) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9001'")
    done = fiscal("migrate", DATABASE_URL=database_url)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("schema: at 9001, newer than this code's ")
    assert_one_sentence(done.stdout)
    with psycopg.connect(postgres.url) as connection:
        rows = connection.execute(
            "SELECT version_num, (SELECT count(*) FROM celery_periodictask) FROM alembic_version"
        ).fetchall()
    assert rows == [("9001", 0)]


def test_migrations_that_start_together_seed_the_schedule_once(postgres_server: str) -> None:
    name = "test_migrations_together"
    admin = postgres_server.replace("+psycopg", "") + "/test"
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        command = [sys.executable, "-m", "app.cli", "migrate"]
        environment = {
            "PATH": os.environ["PATH"],
            "DATABASE_URL": f"{postgres_server}/{name}",
        }
        started = [
            subprocess.Popen(
                command, cwd=ROOT / "backend", env=environment, stdout=subprocess.PIPE, text=True
            )
            for _ in range(3)
        ]
        printed = [process.communicate(timeout=120)[0] for process in started]
        assert [process.returncode for process in started] == [0, 0, 0]
        assert sum("schedule: added" in one for one in printed) == 1
        assert sum("nothing is missing" in one for one in printed) == 2
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
