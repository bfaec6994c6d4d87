"""Beat loses no job to an outage at its hour, and fires none twice."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import redis
from sqlalchemy import text
from sqlalchemy.engine import Engine

from app.infrastructure.celery.beat import seed_schedule
from tests.unit.celery.test_beat import engine, entries, start_beat  # noqa: F401 (fixtures)
from tests.unit.celery.test_outages import Postgres, postgres  # noqa: F401 (a fixture)
from tests.unit.test_cli import NOBODY
from tests.waiting import wait_until

DAILY = "sii.sync_documents_all_companies"


def make_due(engine: Engine) -> None:  # noqa: F811
    """Makes the daily entry due, as after its hour, and no other."""
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE celery_periodictask SET enabled = (task = :task)"), {"task": DAILY}
        )
        connection.execute(
            text("UPDATE celery_periodictask SET last_run_at = :past WHERE task = :task"),
            {"past": datetime.now(UTC) - timedelta(days=2), "task": DAILY},
        )


def rows(engine: Engine) -> list[tuple[str, Any]]:  # noqa: F811
    with engine.connect() as connection:
        found = connection.execute(text("SELECT state, kwargs, expires_at FROM runs"))
        return [tuple(row) for row in found]


@pytest.mark.usefixtures("redis_url")
def test_a_daily_job_whose_hour_comes_while_redis_is_away_is_recorded(
    database_url: str,
    engine: Engine,  # noqa: F811
    environment: dict[str, str],
    start_beat: Callable[[str], Any],  # noqa: F811
) -> None:
    seed_schedule(database_url)
    make_due(engine)
    environment["REDIS_URL"] = f"redis://{NOBODY}/0"
    _, log = start_beat("beat")
    wait_until(lambda: "published later" in log.read_text(), 60, "beat meets the outage")
    [(state, kwargs, expires_at)] = rows(engine)
    assert (state, kwargs) == ("queued", {"months": 2})
    assert expires_at > datetime.now(UTC) + timedelta(hours=5)


def test_a_daily_job_whose_hour_comes_while_postgres_is_away_fires_once_afterwards(
    database_url: str,
    redis_url: str,
    engine: Engine,  # noqa: F811
    start_beat: Callable[[str], Any],  # noqa: F811
) -> None:
    seed_schedule(database_url)
    make_due(engine)
    with engine.begin() as connection:  # Postgres goes away in the moment of the insert
        connection.execute(
            text(
                "CREATE FUNCTION away() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
                " RAISE EXCEPTION 'shutting down' USING ERRCODE = 'admin_shutdown'; END $$;"
                " CREATE TRIGGER away BEFORE INSERT ON runs EXECUTE FUNCTION away()"
            )
        )
    process, log = start_beat("first")
    assert process.wait(60) == 1
    assert "is not fired and beat ends" in log.read_text()
    with engine.begin() as connection:
        connection.execute(text("DROP TRIGGER away ON runs"))
    _, log = start_beat("second")
    with redis.Redis.from_url(redis_url) as client:
        wait_until(lambda: client.llen("low") == 1, 60, "the job")
    assert len(rows(engine)) == 1


def test_a_beat_that_dies_after_it_has_fired_fires_no_second_time(
    database_url: str,
    redis_url: str,
    engine: Engine,  # noqa: F811
    start_beat: Callable[[str], Any],  # noqa: F811
) -> None:
    seed_schedule(database_url)
    make_due(engine)
    before = entries(engine)["sii: documents of all companies"].last_run_at
    process, _ = start_beat("first")
    with redis.Redis.from_url(redis_url) as client:
        wait_until(lambda: client.llen("low") == 1, 60, "the job")
    process.kill()
    process.wait()
    with engine.begin() as connection:  # as if it had died before it wrote that down
        connection.execute(
            text("UPDATE celery_periodictask SET last_run_at = :past WHERE task = :task"),
            {"past": before, "task": DAILY},
        )
    _, log = start_beat("second")
    wait_until(lambda: "is due" in log.read_text(), 60, "it fires again")
    with redis.Redis.from_url(redis_url) as client:
        wait_until(lambda: entries(engine)["sii: documents of all companies"].last_run_at > before)
        assert client.llen("low") == 1
    assert len(rows(engine)) == 1
