"""The `fiscal` command, run as the containers run it: as a process with an environment."""

import os
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from app.infrastructure.db.models import Run
from app.infrastructure.db.session import session_scope
from tests.conftest import ROOT

NOBODY = "127.0.0.1:1"  # a port that refuses
SECRET = "hush-hush"


def fiscal(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs `fiscal` with these variables and none of this process's own."""
    return subprocess.run(
        [sys.executable, "-m", "app.cli", *arguments],
        cwd=ROOT / "backend",
        env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


def assert_one_sentence(text: str) -> None:
    assert "Traceback" not in text
    assert len(text.strip().splitlines()) == 1
    assert SECRET not in text


def test_waiting_for_the_schema_imports_nothing_heavy(database_url: str) -> None:
    script = (
        "import sys; from app.cli import fiscal;"
        "fiscal(['wait-for-schema'], standalone_mode=False);"
        "print(*{'sqlalchemy', 'pydantic', 'celery', 'rich', 'alembic'} & sys.modules.keys())"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT / "backend",
        env={"DATABASE_URL": database_url, "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr


def test_waiting_ends_with_75_and_the_reason_when_the_database_never_answers() -> None:
    url = f"postgresql://fiscal:{SECRET}@{NOBODY}/fiscal"
    done = fiscal("wait-for-schema", "--timeout", "0.2", DATABASE_URL=url)
    assert done.returncode == 75
    first, last = done.stderr.strip().splitlines()
    assert first == "waiting for the database to answer"
    assert "was not ready within 0.2 s" in last
    assert SECRET not in done.stderr


def test_waiting_for_a_malformed_url_shows_nothing_of_it() -> None:
    done = fiscal("wait-for-schema", DATABASE_URL=f"mysql://fiscal:{SECRET}@{NOBODY}/fiscal")
    assert done.returncode == 64
    assert "DATABASE_URL is malformed" in done.stderr
    assert_one_sentence(done.stderr)


def test_waiting_also_reads_the_url_from_a_file(database_url: str, tmp_path) -> None:
    secret = tmp_path / "database_url"
    secret.write_text(database_url + "\n")
    assert fiscal("wait-for-schema", DATABASE_URL_FILE=str(secret)).returncode == 0


@pytest.mark.parametrize("command", ["migrate", "status", "wait-for-schema"])
def test_a_missing_database_url_is_one_sentence_and_64(command: str) -> None:
    done = fiscal(command, REDIS_URL=f"redis://{NOBODY}/0")
    assert done.returncode == 64
    assert "DATABASE_URL is not set" in done.stderr
    assert_one_sentence(done.stderr)


def test_status_shows_queues_and_runs(database_url: str, redis_url: str) -> None:
    run_id = uuid4()
    with session_scope() as session:
        session.add(Run(id=run_id, task="system.probe", state="succeeded", worker="fast@abc"))
    done = fiscal("status", DATABASE_URL=database_url, REDIS_URL=redis_url)
    assert done.returncode == 0, done.stderr
    for shown in ("high", "default", "low", str(run_id), "fast@abc", "No worker answers"):
        assert shown in done.stdout


def test_status_without_redis_says_so_and_still_shows_the_runs(database_url: str) -> None:
    with session_scope() as session:
        session.add(Run(id=uuid4(), task="system.probe", state="succeeded"))
    done = fiscal("status", DATABASE_URL=database_url, REDIS_URL=f"redis://{NOBODY}/0")
    assert done.returncode == 1
    assert "Queues: Redis does not answer" in done.stdout
    assert "Workers: Redis does not answer" in done.stdout
    assert "system.probe" in done.stdout
    assert "docker" not in done.stdout
    assert done.stderr == ""


def test_status_without_postgres_says_so_and_still_shows_the_queues(redis_url: str) -> None:
    url = f"postgresql://fiscal:{SECRET}@{NOBODY}/fiscal"
    done = fiscal("status", DATABASE_URL=url, REDIS_URL=redis_url)
    assert done.returncode == 1
    assert "Last runs: Postgres does not answer" in done.stdout
    assert "in flight" in done.stdout
    assert SECRET not in done.stdout + done.stderr


def test_secrets_are_written_once(tmp_path) -> None:
    first = fiscal("secrets", str(tmp_path))
    assert first.returncode == 0, first.stderr
    written = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert written
    assert fiscal("secrets", str(tmp_path)).returncode == 0
    assert {path: path.read_bytes() for path in written} == written


def test_a_misspelt_production_invents_no_secret(tmp_path: Path) -> None:
    done = fiscal("secrets", str(tmp_path), FISCAL_ENVIRONMENT="Production")
    assert done.returncode == 64
    assert "neither demo nor production" in done.stderr
    assert list(tmp_path.iterdir()) == []
