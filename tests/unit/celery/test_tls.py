"""Redis and Postgres behind TLS: every role works, and speaks to nobody whom it does not trust."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
import redis

from app.infrastructure.celery.heartbeat import HEARTBEAT
from tests.conftest import ROOT
from tests.ports import free_port
from tests.unit.celery.tls_stores import TlsStores, tls_stores
from tests.unit.celery.worker_process import (
    RunOf,
    container_environment,
    finished,
    runs_in,
    worker_processes,
)
from tests.waiting import wait_until

REFUSED = "certificate verify failed"
ACCOUNT = ("ana", "only-for-this-test")
FISCAL = ("-m", "app.cli")
CELERY = ("-m", "celery", "-A", "tests.unit.celery.worker_app:app")
BEAT = (*CELERY, "beat", "--pidfile=", "--loglevel=info")
WORKER = (*CELERY, "worker", "-Q", "default", "--concurrency=1", "--loglevel=info", "-n", "w@test")
FLOWER = ("-m", "app.infrastructure.celery.flower")
# As the API does: the row first, then the message.
PUBLISH = """
import logging, sys
from app.bootstrap import publisher
from app.infrastructure.db.session import get_session_factory
from app.logs import configure_logging
from app.services.outbox import outbox_scope
from app.services.runs import enqueue
from tests.unit.celery import worker_app
configure_logging(logging.INFO)
with outbox_scope(get_session_factory(), publisher()) as (session, outbox):
    kwargs = dict(argument.split("=") for argument in sys.argv[2:])
    print(enqueue(session, outbox, task=sys.argv[1], kwargs=kwargs)[0].id)
"""
# What each role is, and which of its stores it does not trust.
REFUSALS = {
    "wait-for-schema": ((*FISCAL, "wait-for-schema"), "DATABASE_URL"),
    "migrate": ((*FISCAL, "migrate"), "DATABASE_URL"),
    "beat": (BEAT, "DATABASE_URL"),
    "worker, Postgres": (WORKER, "DATABASE_URL"),
    "worker, Redis": (WORKER, "REDIS_URL"),
    "flower": (FLOWER, "REDIS_URL"),
    "publisher": (("-c", PUBLISH, "system.probe"), "REDIS_URL"),
    "probe": ((*FISCAL, "probe", "default=w"), "REDIS_URL"),
    "status, Postgres": ((*FISCAL, "status"), "DATABASE_URL"),
    "status, Redis": ((*FISCAL, "status"), "REDIS_URL"),
}


@dataclass(frozen=True)
class World:
    """Both stores, migrated, and what a container gets to reach them."""

    stores: TlsStores
    environment: dict[str, str]
    directory: Path

    def distrusting(self, name: str) -> dict[str, str]:
        """Returns the environment of a role that trusts the wrong authority in one URL."""
        urls = {
            "REDIS_URL": self.stores.redis_url(self.stores.other),
            "DATABASE_URL": self.stores.database_url(self.stores.other),
        }
        return self.environment | {name: urls[name]}

    @contextmanager
    def running(self, environment: dict[str, str], *command: str) -> Iterator[Path]:
        """Yields the log of a process of ours; ends it afterwards. The log tells no password."""
        log = self.directory / f"{len(list(self.directory.iterdir()))}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, *command],
                env=environment, stdout=output, stderr=output, cwd=ROOT / "backend",
            )  # fmt: skip
        try:
            yield log
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        assert self.stores.password not in log.read_text()

    def publish(self, task: str, **kwargs: str) -> str:
        """Asks for a run; returns its id."""
        arguments = [f"{name}={value}" for name, value in kwargs.items()]
        return self.succeed("-c", PUBLISH, task, *arguments).strip()

    def succeed(self, *command: str) -> str:
        """Runs a process of ours to its end; returns what it printed."""
        done = subprocess.run(
            [sys.executable, *command], env=self.environment, cwd=ROOT / "backend",
            capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    directory = tmp_path_factory.mktemp("tls")
    with tls_stores(directory) as stores:
        made = container_environment(stores.database_url(), stores.redis_url(), directory)
        world = World(stores, made | {"API_KEYS": "a-key"}, directory)
        world.succeed(*FISCAL, "migrate")
        yield world


@pytest.fixture(autouse=True)
def _empty_queues(world: World) -> None:
    with redis.Redis.from_url(world.stores.redis_url()) as client:
        client.flushall()


@pytest.fixture
def run_of(world: World) -> Iterator[RunOf]:
    with runs_in(world.stores.database_url().replace("://", "+psycopg://", 1)) as find:
        yield find


def answer(url: str, **asked: Any) -> httpx.Response | None:
    """Returns what a server says, None before it listens."""
    try:
        return httpx.get(url, timeout=20, **asked)
    except httpx.TransportError:
        return None


def wait_for(log: Path, words: str) -> None:
    wait_until(lambda: words in log.read_text(), 60, words)


def test_without_tls_redis_answers_nobody(world: World) -> None:
    plain = world.stores.redis_url().partition("?")[0].replace("rediss:", "redis:")
    with redis.Redis.from_url(plain, socket_timeout=5) as client, pytest.raises(redis.RedisError):
        client.ping()


def test_a_worker_works_and_another_gives_back_what_it_held_when_it_died(
    world: World, run_of: RunOf, tmp_path: Path
) -> None:
    HEARTBEAT.unlink(missing_ok=True)
    quick = {"TEST_LIVENESS": "2", "TEST_TICK": "0.5"}
    run_id = world.publish("test.hold", until=str(tmp_path / "until"))
    with worker_processes(world.environment | quick, tmp_path) as start:
        first = start("first", "high,default,low")
        wait_until(lambda: run_of(run_id).state == "running", what="the first attempt")
        wait_until(HEARTBEAT.exists, what="the heartbeat")
        first.process.send_signal(signal.SIGKILL)

        second = start("second", "high,default,low")

        wait_for(second.log_path, "worker first@test is dead; put back 1 of its messages")
        (tmp_path / "until").touch()
        run = finished(run_of, run_id)
        assert (run.state, run.attempts, run.worker) == ("succeeded", 2, "second@test")
        everywhere = ("high=second", "default=second", "low=second")
        world.succeed(*FISCAL, "probe", *everywhere)
        world.succeed(*FISCAL, "status")


def test_beat_holds_its_lock_and_publishes(world: World) -> None:
    with psycopg.connect(world.stores.database_url()) as connection:
        connection.execute("UPDATE celery_periodictask SET last_run_at = now() - interval '1 hour'")
    with world.running(world.environment, *BEAT) as log:
        wait_for(log, "it holds the lock")
        with redis.Redis.from_url(world.stores.redis_url()) as client:
            wait_until(lambda: client.llen("high"), what="what beat publishes")


def test_the_api_is_ready(world: World) -> None:
    port = free_port()
    with world.running(world.environment, "-m", "uvicorn", "app.main:app", "--port", str(port)):
        ready = wait_until(lambda: answer(f"http://127.0.0.1:{port}/health/ready"))
        assert ready.status_code == 200, ready.text


def flower(environment: dict[str, str]) -> dict[str, str]:
    options = {"PORT": str(free_port()), "URL_PREFIX": "flower", "BASIC_AUTH": ":".join(ACCOUNT)}
    return environment | {f"FLOWER_{name}": value for name, value in options.items()}


def test_flower_looks_into_the_queues(world: World) -> None:
    world.publish("system.probe")
    environment = flower(world.environment)
    url = f"http://127.0.0.1:{environment['FLOWER_PORT']}/flower/broker"
    with world.running(environment, *FLOWER):
        page = wait_until(lambda: answer(url, auth=ACCOUNT), 60, "Flower")
        assert 'id="default"' in page.text


@pytest.mark.parametrize(("command", "variable"), REFUSALS.values(), ids=REFUSALS)
def test_a_certificate_of_another_authority_is_refused_in_one_line_and_nothing_runs(
    world: World, run_of: RunOf, command: tuple[str, ...], variable: str
) -> None:
    run_id = world.publish("system.probe")

    with world.running(flower(world.distrusting(variable)), *command) as log:
        wait_for(log, REFUSED)

    assert "Traceback" not in log.read_text()
    run = run_of(run_id)
    assert (run.state, run.attempts) == ("queued", 0)


def test_the_api_says_which_store_it_does_not_trust(world: World) -> None:
    port = free_port()
    environment = world.distrusting("REDIS_URL") | {
        "DATABASE_URL": world.distrusting("DATABASE_URL")["DATABASE_URL"]
    }
    command = ("-m", "uvicorn", "app.main:app", "--port", str(port))
    with world.running(environment, *command) as log:
        ready = wait_until(lambda: answer(f"http://127.0.0.1:{port}/health/ready"))
        assert ready.status_code == 503
        assert ready.json()["detail"] == "Postgres and Redis do not answer."
    said = [json.loads(line)["message"] for line in log.read_text().splitlines() if REFUSED in line]
    assert {line.partition(" is down")[0] for line in said} == {"postgres", "redis"}


def test_a_url_that_says_nothing_of_certificates_trusts_the_systems_authorities_alone(
    world: World,
) -> None:
    silent = world.stores.redis_url().partition("?")[0]
    with world.running(world.environment | {"REDIS_URL": silent}, *WORKER) as log:
        wait_for(log, REFUSED)
    system = {"REDIS_URL": silent, "SSL_CERT_FILE": str(world.stores.trusted)}
    with world.running(world.environment | system, *WORKER) as log:
        wait_for(log, "w@test ready")


def test_a_certificate_for_another_name_is_refused(world: World) -> None:
    elsewhere = {
        name: world.environment[name].replace("@localhost:", "@127.0.0.1:")
        for name in ("REDIS_URL", "DATABASE_URL")
    }
    with world.running(world.environment | elsewhere, *WORKER) as log:
        wait_for(log, "certificate is not valid for '127.0.0.1'")
    with world.running(world.environment | elsewhere, *FISCAL, "migrate") as log:
        wait_for(log, "does not match host name")
