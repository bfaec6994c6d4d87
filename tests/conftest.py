"""Real Postgres and Redis for every test that asks: one container of each, made on first use."""

import os
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import psycopg

ROOT = Path(__file__).resolve().parents[1]

# A machine without a registry cannot pull Ryuk; the fixtures below remove what they made.
os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")
for name in list(os.environ):
    if name.startswith(("CELERY_", "SII_", "WHATSAPP_", "DATABASE_URL", "REDIS_URL", "SMTP_")):
        del os.environ[name]  # a developer's shell must not decide what a test sees


def base_image(official: str, airgap: str) -> str:
    """Returns the image to use: the official one where it is present, else its stand-in."""
    for name in (official, airgap):
        if (
            subprocess.run(["docker", "image", "inspect", name], capture_output=True).returncode
            == 0
        ):
            return name
    return official  # testcontainers pulls it


@pytest.fixture(scope="session")
def images() -> None:
    """Builds the images of this checkout; the cache makes that quick where nothing changed."""
    for command in (
        ["deploy/airgap/build.sh"],
        ["docker", "compose", "--profile", "*", "build", "--quiet"],
    ):
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, f"{command[0]}: {done.stdout[-2000:]}{done.stderr[-2000:]}"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """Yields the URL of a Postgres server, without a database name."""
    from testcontainers.community.postgres import PostgresContainer

    image = os.environ.get("POSTGRES_IMAGE") or base_image(
        "pgvector/pgvector:pg17", "fiscal-base-postgres:trixie"
    )
    # Its data need not outlive the machine: a database per test costs no wait for a disk.
    server = PostgresContainer(image, password=secrets.token_hex(8)).with_command(
        "postgres -c fsync=off -c full_page_writes=off"
    )
    with server:
        url = server.get_connection_url(driver="psycopg")
        yield url.rsplit("/", 1)[0]


@pytest.fixture(scope="session")
def migrated(postgres_server: str) -> str:
    """Returns the name of a migrated database that others are copied from."""
    from app.infrastructure.db.schema import migrate

    with administration(postgres_server) as connection:
        connection.execute("CREATE DATABASE migrated")
    migrate(f"{postgres_server}/migrated")
    return "migrated"


@contextmanager
def administration(postgres_server: str) -> Iterator["psycopg.Connection[Any]"]:
    """Yields a connection that may create and drop databases."""
    import psycopg

    admin = postgres_server.replace("+psycopg", "") + "/test"
    with psycopg.connect(admin, autocommit=True) as connection:
        yield connection


@contextmanager
def own_database(postgres_server: str, migrated: str) -> Iterator[str]:
    """Yields the URL of a migrated database that nobody else uses; settings point at it."""
    from app.infrastructure.db import session as db_session
    from app.settings import get_settings

    name = f"test_{secrets.token_hex(6)}"
    with administration(postgres_server) as connection:
        # Copying files is three times as fast as the default, which writes every page to the log.
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {migrated} STRATEGY file_copy")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DATABASE_URL", f"{postgres_server}/{name}")
        get_settings.cache_clear()
        db_session.get_engine.cache_clear()
        yield f"{postgres_server}/{name}"
        db_session.get_engine().dispose()
        db_session.get_engine.cache_clear()
    get_settings.cache_clear()
    with administration(postgres_server) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def database_url(postgres_server: str, migrated: str) -> Iterator[str]:
    """Yields the URL of a migrated database of this test's own; settings point at it."""
    with own_database(postgres_server, migrated) as url:
        yield url


@pytest.fixture(scope="session")
def redis_server() -> Iterator[str]:
    """Yields the URL of a Redis server."""
    from testcontainers.community.redis import RedisContainer

    image = os.environ.get("REDIS_IMAGE") or base_image(
        "redis:8-trixie", "fiscal-base-redis:trixie"
    )
    with RedisContainer(image) as server:
        yield f"redis://{server.get_container_host_ip()}:{server.get_exposed_port(6379)}/0"


@contextmanager
def empty_redis(redis_server: str) -> Iterator[str]:
    """Yields the URL of an empty Redis; settings point at it."""
    import redis

    from app.settings import get_settings

    with redis.Redis.from_url(redis_server) as client:
        client.flushall()
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("REDIS_URL", redis_server)
        get_settings.cache_clear()
        yield redis_server
    get_settings.cache_clear()


@pytest.fixture
def redis_url(redis_server: str) -> Iterator[str]:
    """Yields the URL of a Redis that is empty; settings point at it."""
    with empty_redis(redis_server) as url:
        yield url
