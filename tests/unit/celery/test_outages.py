"""Postgres goes away while workers work: every run still ends, and says so."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg
import pytest
import redis
from sqlalchemy.exc import OperationalError

from app.infrastructure.celery.queues import RedisQueues
from tests.unit.celery.worker_process import Start
from tests.waiting import wait_until


class Postgres:
    """The test's database, which can be away as a server that restarts is."""

    def __init__(self, url: str) -> None:
        self.url = url.replace("+psycopg", "")
        server, _, self.name = self.url.rpartition("/")
        self.admin = psycopg.connect(f"{server}/test", autocommit=True)

    @contextmanager
    def away(self) -> Iterator[None]:
        self.admin.execute(f"ALTER DATABASE {self.name} WITH ALLOW_CONNECTIONS false")
        self.admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [self.name]
        )
        try:
            yield
        finally:
            self.admin.execute(f"ALTER DATABASE {self.name} WITH ALLOW_CONNECTIONS true")

    def runs(self) -> dict[UUID, tuple[str, int, str | None]]:
        with psycopg.connect(self.url) as connection:
            rows = connection.execute("SELECT id, state, attempts, error_code FROM runs").fetchall()
        return {row[0]: row[1:] for row in rows}


@pytest.fixture
def postgres(database_url: str) -> Iterator[Postgres]:
    postgres = Postgres(database_url)
    yield postgres
    postgres.admin.close()


def test_runs_that_come_while_postgres_is_away_wait_for_it(
    app: Any, start_worker: Start, postgres: Postgres, redis_url: str
) -> None:
    worker = start_worker("fast", "default")
    with postgres.away():
        ids = {UUID(app.send_task("system.probe", queue="default").id) for _ in range(8)}
        wait_until(lambda: "Postgres does not answer" in worker.log, what="a run sent back")
    wait_until(
        lambda: all(postgres.runs().get(run_id, "")[:1] == ("succeeded",) for run_id in ids),
        what="all runs done",
    )
    client = redis.Redis.from_url(redis_url)
    wait_until(lambda: not RedisQueues(client).in_flight(), what="every message acknowledged")
    client.close()


SHUTS_DOWN_AT_THE_END = """
    CREATE FUNCTION shut_down() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'shutting down' USING ERRCODE = 'admin_shutdown'; END $$;
    CREATE TRIGGER shut_down BEFORE UPDATE ON runs
    FOR EACH ROW WHEN (NEW.state = 'succeeded') EXECUTE FUNCTION shut_down();
"""


def test_an_end_that_cannot_be_recorded_is_not_lost(
    app: Any, start_worker: Start, postgres: Postgres
) -> None:
    with psycopg.connect(postgres.url) as connection:
        connection.execute(SHUTS_DOWN_AT_THE_END)
    worker = start_worker("fast", "default")
    run_id = UUID(app.send_task("system.probe", queue="default").id)
    wait_until(lambda: "Postgres does not answer" in worker.log, what="the run sent back")
    with psycopg.connect(postgres.url) as connection:
        connection.execute("DROP TRIGGER shut_down ON runs")
    wait_until(lambda: postgres.runs()[run_id][0] == "succeeded", what="the end recorded")
    assert postgres.runs()[run_id][1] > 1


def test_a_task_that_meets_an_outage_asks_for_a_retry(app: Any) -> None:
    from celery.exceptions import Retry

    from app.errors import DatabaseUnavailable, TransientError
    from app.infrastructure.celery.task import FiscalTask

    class Stumbling(FiscalTask):
        name = "test.outage"

        def run(self) -> None:
            raise OperationalError("SELECT 1", {}, Exception("gone"))

        def wait_before_retry(self, error: TransientError) -> int:
            return 0

        def retry(self, **options: Any) -> Retry:
            return Retry(exc=options["exc"])

    with pytest.raises(Retry) as raised:
        Stumbling()()
    assert isinstance(raised.value.exc, DatabaseUnavailable)
