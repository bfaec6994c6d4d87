"""Stores that stop, pause or are out of reach, and an API that has them, as in its container."""

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

import httpx
import psycopg
import redis
from cryptography.fernet import Fernet
from docker.errors import APIError
from docker.models.containers import Container
from testcontainers.community.postgres import PostgresContainer
from testcontainers.community.redis import RedisContainer

from app.infrastructure.db.schema import migrate
from tests.conftest import ROOT, base_image
from tests.unit.api.conftest import KEY
from tests.waiting import wait_until

QUEUE = "low"


def fixed_port() -> int:
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


@contextmanager
def own_stores() -> Iterator[Stores]:
    password = secrets.token_hex(8)
    ports = fixed_port(), fixed_port()
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

    def burst(self, company_id: str) -> list[tuple[httpx.Response, float]]:
        """Asks 40 times for the same start, 20 at once; returns what `start_sync` does of each."""
        with ThreadPoolExecutor(20) as pool:
            return list(pool.map(self.start_sync, 40 * [company_id]))

    def threads(self) -> int:
        """Returns the number of threads of the worker process."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return sum(len(list(Path(f"/proc/{pid}/task").iterdir())) for pid in children.split())


@contextmanager
def running_api(
    database_url: str,
    redis_url: str,
    log_path: Path,
    *,
    graceful_timeout: int = 2,
    **environment: str,
) -> Iterator[Api]:
    """Yields an API that writes to `log_path` and has these variables, too.

    At its end requests have `graceful_timeout` s until it is killed.
    """
    port = fixed_port()
    environment |= os.environ | {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "API_KEYS": KEY,
        "SECRET_KEYS": Fernet.generate_key().decode(),
    }
    command = [
        *(sys.executable, "-m", "gunicorn", "app.main:app", "--workers", "1"),
        *("-k", "uvicorn_worker.UvicornWorker", "-b", f"127.0.0.1:{port}"),
        *("--no-control-socket", "--graceful-timeout", str(graceful_timeout)),
        *("--logger-class", "app.api.server_log.ServerLog"),
    ]
    with log_path.open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT / "backend", env=environment, stderr=log)
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
