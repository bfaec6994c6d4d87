"""Beat seeds what is missing, keeps what an operator changed, and is alone."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import redis
from sqlalchemy import create_engine, text
from sqlalchemy.engine import Engine

from app.infrastructure.celery import beat
from app.infrastructure.celery.beat import SCHEDULE, seed_schedule
from app.infrastructure.celery.heartbeat import HEARTBEAT
from app.infrastructure.celery.topology import SYSTEM_TASKS, TASKS
from tests.unit.test_cli import NOBODY, SECRET
from tests.waiting import wait_until

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = create_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def start_beat(environment: dict[str, str], tmp_path: Path) -> Iterator[Callable[[str], Any]]:
    started = []

    def start(name: str) -> Any:
        log = tmp_path / f"{name}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "celery", "-A", "app.infrastructure.celery", "beat"),
                    # The product looks each 5 s; these tests wait for several of its loops.
                    *("--pidfile=", "--loglevel=info", "--max-interval=1"),
                ],
                env=environment,
                stdout=output,
                stderr=output,
                cwd=tmp_path,
            )
        started.append(process)
        return process, log

    yield start
    for process in started:
        process.kill()
        process.wait()


def entries(engine: Engine) -> dict[str, Any]:
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT * FROM celery_periodictask"))
        return {row.name: row for row in rows}


def test_the_seed_adds_every_entry_once(database_url: str, engine: Engine) -> None:
    assert set(seed_schedule(database_url)) == {entry.name for entry in SCHEDULE}
    assert seed_schedule(database_url) == []
    found = entries(engine)
    assert len(found) == len(SCHEDULE)
    assert all(row.last_run_at is not None for row in found.values())
    assert all(row.expire_seconds for row in found.values())


def test_the_schedule_names_tasks_that_exist() -> None:
    known = TASKS | SYSTEM_TASKS | {"celery.backend_cleanup": "default"}
    assert {entry.task for entry in SCHEDULE} <= known.keys()


def test_daily_work_is_due_by_the_clock_of_chile(database_url: str, engine: Engine) -> None:
    seed_schedule(database_url)
    zones = text(
        "SELECT name, hour, timezone FROM celery_periodictask"
        " JOIN celery_crontabschedule AS crontab ON crontab.id = schedule_id"
        " WHERE discriminator = 'crontabschedule'"
    )
    with engine.connect() as connection:
        found = {name: (hour, zone) for name, hour, zone in connection.execute(zones)}
    assert found["calendar: every company"] == ("3", "America/Santiago")
    for name, (hour, zone) in found.items():  # others may go by intervals, or by UTC
        if zone == "America/Santiago":
            assert all(1 <= int(one) < 23 for one in hour.split(",")), name


def test_an_operators_edit_survives_a_restart(
    database_url: str, engine: Engine, start_beat: Callable[[str], Any]
) -> None:
    seed_schedule(database_url)
    name = "sii: documents of all companies"
    with engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE celery_periodictask SET enabled = false, kwargs = '{\"months\": 5}'"
                " WHERE name = :name"
            ),
            {"name": name},
        )
    seed_schedule(database_url)
    _, log = start_beat("beat")
    wait_until(lambda: "beat: running" in log.read_text(), what="beat started")
    row = entries(engine)[name]
    assert (row.enabled, row.kwargs) == (False, '{"months": 5}')


def test_beat_tells_when_each_entry_is_due_and_of_none_that_is_disabled(
    database_url: str, engine: Engine, start_beat: Callable[[str], Any]
) -> None:
    seed_schedule(database_url)
    start_beat("beat")

    def told() -> dict[str, datetime]:
        with engine.connect() as connection:
            rows = connection.execute(text("SELECT entry, due_at FROM due_entries"))
            return dict(rows.tuples().all())

    due = wait_until(told, what="the due times")
    assert due.keys() == entries(engine).keys()
    assert datetime.now(UTC) - timedelta(seconds=10) < min(due.values())
    clean_up = due["celery.backend_cleanup"].astimezone(ZoneInfo("America/Santiago"))
    assert (clean_up.hour, clean_up.minute) == (4, 0)
    with engine.begin() as connection:
        disable = "UPDATE celery_periodictask SET enabled = false WHERE name LIKE 'sii%'"
        connection.execute(text(disable))
        connection.execute(text("UPDATE celery_periodictaskchanged SET last_update = now()"))
    kept = {name for name in due if not name.startswith("sii")}
    wait_until(lambda: told().keys() == kept, what="the disabled entries forgotten")


def test_a_second_beat_waits_and_takes_over(
    database_url: str, redis_url: str, engine: Engine, start_beat: Callable[[str], Any]
) -> None:
    seed_schedule(database_url)
    first, first_log = start_beat("first")
    wait_until(lambda: "beat: running" in first_log.read_text(), what="the first beat")
    _, second_log = start_beat("second")
    wait_until(lambda: "this one waits" in second_log.read_text(), what="the second beat waits")

    with engine.begin() as connection:  # one entry is due now; both see the change
        connection.execute(
            text(
                "UPDATE celery_periodictask SET last_run_at = :past"
                " WHERE task = 'whatsapp.cleanup_old_sessions'"
            ),
            {"past": datetime.now(UTC) - timedelta(hours=3)},
        )
        connection.execute(text("UPDATE celery_periodictaskchanged SET last_update = now()"))
    client = redis.Redis.from_url(redis_url)
    wait_until(lambda: client.llen("default") == 1, what="the due entry fired")
    wait_until(lambda: entries(engine)["whatsapp: old sessions"].total_run_count == 1)

    first.kill()
    first.wait()
    wait_until(lambda: "beat: running" in second_log.read_text(), what="the second takes over")
    for _ in range(2):  # two loops of the second: it read what the first wrote, nothing is due
        last = HEARTBEAT.stat().st_mtime
        wait_until(lambda last=last: HEARTBEAT.stat().st_mtime > last, what="the next loop")
    assert client.llen("default") == 1
    client.close()


def test_a_beat_that_waits_for_the_lock_is_healthy(
    database_url: str, engine: Engine, start_beat: Callable[[str], Any]
) -> None:
    seed_schedule(database_url)
    with engine.connect() as connection:  # another beat's part; that one touches no file
        connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": beat._LOCK})
        _, log = start_beat("standby")
        wait_until(lambda: "this one waits" in log.read_text(), what="the standby waits")
        HEARTBEAT.unlink(missing_ok=True)
        wait_until(HEARTBEAT.exists, what="the standby's next beat")


def test_a_beat_without_postgres_ends_and_leaves_no_heartbeat_of_its_former_life(
    environment: dict[str, str], start_beat: Callable[[str], Any]
) -> None:
    HEARTBEAT.touch()
    environment["DATABASE_URL"] = f"postgresql://fiscal:{SECRET}@{NOBODY}/fiscal"
    process, log = start_beat("beat")
    assert process.wait(30) == 1
    assert not HEARTBEAT.exists()
    assert SECRET not in log.read_text()


def test_beat_ends_when_its_lock_is_gone(
    database_url: str, engine: Engine, start_beat: Callable[[str], Any]
) -> None:
    seed_schedule(database_url)
    process, log = start_beat("beat")
    wait_until(lambda: "beat: running" in log.read_text(), what="beat started")
    with engine.begin() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_locks"
                " WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            )
        )
    process.wait(30)
    assert "lost its lock" in log.read_text()
