"""Postgres stopped, paused or out of reach: 503 within 2 s and nothing left behind. Redis: 202,
and the run is published when Redis is back.

The API runs as in its container, under gunicorn with the real publisher; the stores are this
module's own, so that nobody else feels it when they stop.
"""

import ast
import json
import os
import random
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx
import psycopg
import pytest
import redis
from cryptography.fernet import Fernet
from docker.errors import APIError
from docker.models.containers import Container
from testcontainers.community.postgres import PostgresContainer
from testcontainers.community.redis import RedisContainer

from app.infrastructure.db.schema import migrate
from tests.conftest import ROOT, base_image
from tests.unit.api.conftest import KEY, new_company, refused
from tests.waiting import wait_until

BOUND = 2.0  # s: what the issue allows a start
QUEUE = "low"


def free_port() -> int:
    """Returns a free port below those that the kernel and the engine give away by themselves."""
    while True:
        port = random.randrange(20_000, 30_000)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


@dataclass(frozen=True)
class Stores:
    """One Postgres and one Redis on fixed ports, which a restart keeps."""

    postgres: PostgresContainer
    redis: RedisContainer
    database_url: str
    redis_url: str

    def rows(self) -> set[str]:
        """Returns the ids of all runs."""
        with psycopg.connect(self.database_url) as connection:
            return {str(row[0]) for row in connection.execute("SELECT id FROM runs")}

    def messages(self) -> int:
        with redis.Redis.from_url(self.redis_url) as client:
            return int(client.llen(QUEUE))

    def message_ids(self) -> set[str]:
        """Returns the runs that wait in the queue. A publish that met the outage may have left two
        copies; the second one finds a run that has ended."""
        with redis.Redis.from_url(self.redis_url) as client:
            return {json.loads(each)["headers"]["id"] for each in client.lrange(QUEUE, 0, -1)}

    def forget(self) -> None:
        with psycopg.connect(self.database_url) as connection:
            connection.execute("TRUNCATE companies, runs CASCADE")
        with redis.Redis.from_url(self.redis_url) as client:
            client.flushall()


@pytest.fixture(scope="module")
def stores() -> Iterator[Stores]:
    password = secrets.token_hex(8)
    ports = free_port(), free_port()
    postgres = PostgresContainer(
        os.environ.get("POSTGRES_IMAGE")
        or base_image("pgvector/pgvector:pg17", "fiscal-base-postgres:trixie"),
        password=password,
    ).with_bind_ports(5432, ports[0])
    redis_server = RedisContainer(
        os.environ.get("REDIS_IMAGE") or base_image("redis:8-trixie", "fiscal-base-redis:trixie")
    ).with_bind_ports(6379, ports[1])
    with postgres, redis_server:
        url = f"postgresql://test:{password}@127.0.0.1:{ports[0]}/test"
        migrate(url.replace("://", "+psycopg://", 1))
        yield Stores(postgres, redis_server, url, f"redis://127.0.0.1:{ports[1]}/0")


@dataclass(frozen=True)
class Api:
    """A running API."""

    client: httpx.Client
    process: subprocess.Popen[bytes]

    def start_sync(self, company_id: str) -> tuple[httpx.Response, float]:
        """Returns the answer to a start, and the seconds that it took."""
        begun = time.monotonic()
        response = self.client.post(f"/companies/{company_id}/syncs")
        return response, time.monotonic() - begun

    def threads(self) -> int:
        """Returns the number of threads of the worker process."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return sum(len(list(Path(f"/proc/{pid}/task").iterdir())) for pid in children.split())


@contextmanager
def running_api(database_url: str, redis_url: str) -> Iterator[Api]:
    port = free_port()
    environment = os.environ | {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "API_KEYS": KEY,
        "SECRET_KEYS": Fernet.generate_key().decode(),
    }
    command = [
        *(sys.executable, "-m", "gunicorn", "app.main:app", "--workers", "1"),
        *("-k", "uvicorn_worker.UvicornWorker", "-b", f"127.0.0.1:{port}"),
        *("--no-control-socket", "--graceful-timeout", "2"),
        *("--logger-class", "app.api.server_log.ServerLog"),
    ]
    process = subprocess.Popen(command, cwd=ROOT / "backend", env=environment)
    url = f"http://127.0.0.1:{port}"
    try:
        with httpx.Client(base_url=url, headers={"X-API-Key": KEY}, timeout=20) as client:
            wait_until(lambda: is_alive(client), 60, "the API's start")
            yield Api(client, process)
    finally:
        process.terminate()
        process.wait(20)


def is_alive(client: httpx.Client) -> bool:
    try:
        return client.get("/health/live").status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture(scope="module")
def shared_api(stores: Stores) -> Iterator[Api]:
    with running_api(stores.database_url, stores.redis_url) as api:
        yield api


@pytest.fixture
def api(shared_api: Api, stores: Stores) -> Api:
    """The module's API, with empty stores that answer."""
    stores.forget()
    wait_until(lambda: shared_api.client.get("/health/ready").status_code == 200)
    return shared_api


@contextmanager
def outage(stores: Stores, name: str, kind: str) -> Iterator[None]:
    """Stops a store's container, or pauses it: then it accepts connections and never answers."""
    container = {"postgres": stores.postgres, "redis": stores.redis}[name].get_wrapped_container()
    if kind == "stopped":
        container.stop(timeout=5)
    else:
        wait_until(lambda: is_paused(container), what="the pause")
    try:
        yield
    finally:
        container.start() if kind == "stopped" else container.unpause()


def is_paused(container: Container) -> bool:
    """Tries to pause it: the kernel may need more than one attempt to freeze a busy one."""
    with suppress(APIError):
        container.pause()
    container.reload()
    return bool(container.status == "paused")


def reconcile(stores: Stores) -> dict[str, int]:
    """Does once what `system.reconcile` does each half minute, in a process of its own."""
    code = (
        "from datetime import timedelta; from app.services import reconciliation;"
        " reconciliation.YOUNG = timedelta(0);"
        " from app.infrastructure.celery.tasks.system import reconcile; print(reconcile.run())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT / "backend",
        env=os.environ | {"DATABASE_URL": stores.database_url, "REDIS_URL": stores.redis_url},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return dict(ast.literal_eval(done.stdout))


def ready_says(api: Api, name: str) -> None:
    response = api.client.get("/health/ready")
    refused(response, 503, "not_ready")
    assert response.json()["detail"] == f"{name.capitalize()} does not answer."


@pytest.mark.parametrize("kind", ["stopped", "paused"])
def test_a_start_without_redis_is_accepted_in_time_and_published_once_later(
    api: Api, stores: Stores, kind: str
) -> None:
    company_id = new_company(api.client, database_url=stores.database_url)
    before, _ = api.start_sync(company_id)  # pooled connections are open now, as in real life
    assert before.status_code == 202
    assert stores.messages() == 1
    other = new_company(api.client, "70000000-1", stores.database_url)
    threads = api.threads()

    with outage(stores, "redis", kind):
        answers = [api.start_sync(other) for _ in range(3)]
        ready_says(api, "redis")
        with ThreadPoolExecutor(20) as pool:
            answers += pool.map(api.start_sync, 40 * [other])
        most_threads = api.threads()
        assert api.client.get("/health/live").status_code == 200

    assert {response.status_code for response, _ in answers} == {202}
    assert len({response.json()["id"] for response, _ in answers}) == 1
    assert max(seconds for _, seconds in answers) < BOUND
    assert most_threads <= threads + 16
    wait_until(lambda: api.client.get("/health/ready").status_code == 200, 60)
    wait_until(lambda: api.threads() <= threads, 60, "the end of what had hung")
    assert len(stores.rows()) == 2
    reconcile(stores)
    assert stores.messages() == 2
    assert reconcile(stores) == {"expired": 0, "republished": 0, "onboarded": 0}
    assert stores.messages() == 2


@pytest.mark.parametrize("kind", ["stopped", "paused"])
def test_a_start_without_postgres_is_refused_in_time_and_leaves_nothing(
    api: Api, stores: Stores, kind: str
) -> None:
    before, _ = api.start_sync(new_company(api.client, database_url=stores.database_url))
    assert before.status_code == 202
    other = new_company(api.client, "70000000-1", stores.database_url)
    stores_before = stores.rows(), stores.messages()
    threads = api.threads()

    with outage(stores, "postgres", kind):
        answers = [api.start_sync(other) for _ in range(3)]
        ready_says(api, "postgres")
        with ThreadPoolExecutor(20) as pool:
            answers += pool.map(api.start_sync, 40 * [other])
        most_threads = api.threads()
        assert api.client.get("/health/live").status_code == 200

    for response, seconds in answers:
        refused(response, 503, "database_unavailable")
        assert response.headers["retry-after"].isdecimal()
        assert seconds < BOUND
    assert most_threads <= threads + 16
    wait_until(lambda: api.client.get("/health/ready").status_code == 200, 60)
    wait_until(lambda: api.threads() <= threads, 60, "the end of what had hung")
    assert (stores.rows(), stores.messages()) == stores_before
    after, _ = api.start_sync(other)
    assert after.status_code == 202
    assert stores.messages() == stores_before[1] + 1


@pytest.mark.parametrize("name", ["redis", "postgres"])
def test_an_outage_in_the_middle_of_starts_loses_and_doubles_nothing(
    api: Api, stores: Stores, name: str
) -> None:
    companies = [
        new_company(api.client, rut, stores.database_url) for rut in ("77123456-9", "70000000-1")
    ]
    bodies = [
        {"months": months, "last_period": f"{year}-06"}
        for months in range(1, 13)
        for year in range(2019, 2026)
    ]
    requests = [(company_id, body) for company_id in companies for body in bodies]

    def start(request: tuple[str, dict[str, object]]) -> httpx.Response:
        begun = time.monotonic()
        response = api.client.post(f"/companies/{request[0]}/syncs", json=request[1])
        assert time.monotonic() - begun < BOUND
        return response

    threads = api.threads()
    with ThreadPoolExecutor(4) as pool, ExitStack() as outages:
        answers = pool.map(start, requests)
        first = [next(answers) for _ in range(20)]
        outages.enter_context(outage(stores, name, "paused"))
        rest = list(answers)
    assert {response.status_code for response in first} == {202}
    assert {response.status_code for response in rest} <= {"redis": {202}}.get(name, {202, 503})
    assert name == "redis" or 503 in {response.status_code for response in rest}

    wait_until(lambda: api.client.get("/health/ready").status_code == 200, 60)
    wait_until(lambda: api.threads() <= threads + 1, 60, "the end of what had hung")
    accepted = {answer.json()["id"] for answer in first + rest if answer.status_code == 202}
    rows = stores.rows()
    assert accepted <= rows
    # A COMMIT that was on its way when Postgres stopped may count although its answer never came:
    # who asks again is given that run, never a second one.
    refused_requests = [
        request
        for request, answer in zip(requests, first + rest, strict=True)
        if answer.status_code == 503
    ]
    assert rows - accepted <= {start(request).json()["id"] for request in refused_requests}
    assert len(stores.rows()) == len(requests)
    reconcile(stores)
    assert stores.message_ids() == stores.rows()


def test_a_postgres_out_of_reach_is_noticed_in_time(stores: Stores) -> None:
    """Packets to it are dropped: nobody accepts, nobody refuses."""
    with (
        black_hole() as port,
        running_api(f"postgresql://u:p@127.0.0.1:{port}/0", stores.redis_url) as api,
    ):
        for _ in range(3):
            response, seconds = api.start_sync(str(uuid4()))
            refused(response, 503, "database_unavailable")
            assert seconds < BOUND


def test_a_redis_out_of_reach_keeps_no_start_waiting(stores: Stores) -> None:
    stores.forget()
    with (
        black_hole() as port,
        running_api(stores.database_url, f"redis://127.0.0.1:{port}/0") as api,
    ):
        company_id = new_company(api.client, database_url=stores.database_url)
        for _ in range(3):
            response, seconds = api.start_sync(company_id)
            assert response.status_code == 202
            assert seconds < BOUND


@contextmanager
def black_hole() -> Iterator[int]:
    """Yields a port that drops what it is sent: its queue of connections is full."""
    with ExitStack() as open_sockets:
        listener = open_sockets.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            client = open_sockets.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]
