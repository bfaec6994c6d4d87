"""Redis and Postgres as Railway's templates make them: names, users and a database of its own."""

import os
import secrets
import subprocess
from base64 import urlsafe_b64encode
from dataclasses import dataclass

from tests.conftest import base_image
from tests.railway.engine import docker
from tests.railway.networks import Network
from tests.waiting import wait_until


@dataclass(frozen=True)
class Stores:
    """The two containers, and the addresses that Railway would hand to a reference."""

    redis: str
    postgres: str
    redis_url: str
    database_url: str

    def query(self, sql: str) -> list[str]:
        """Runs a statement; returns the lines that psql prints."""
        words = ["psql", "-h", "127.0.0.1", "-U", "postgres", "-d", "railway", "-Atqc", sql]
        return docker("exec", self.postgres, *words).splitlines()

    def depth(self, queue: str) -> int:
        """Returns how many messages wait in a queue."""
        return int(docker("exec", self.redis, "redis-cli", "--raw", "llen", queue))


def start_stores(network: Network) -> Stores:
    """Starts both in the network; returns when both answer."""
    password = secrets.token_hex(16)
    redis = network.run(
        "redis",
        "redis",
        f"--env=REDISCLI_AUTH={password}",
        os.environ.get("REDIS_IMAGE") or base_image("redis:8-trixie", "fiscal-base-redis:trixie"),
        *("redis-server", "--requirepass", password),
    )
    postgres = network.run(
        "postgres",
        "postgres",
        *(f"--env=POSTGRES_PASSWORD={password}", f"--env=PGPASSWORD={password}"),
        "--env=POSTGRES_DB=railway",
        os.environ.get("POSTGRES_IMAGE")
        or base_image("pgvector/pgvector:pg17", "fiscal-base-postgres:trixie"),
        *("postgres", "-c", "fsync=off"),
    )
    stores = Stores(
        redis,
        postgres,
        f"redis://default:{password}@redis.railway.internal:6379",
        f"postgresql://postgres:{password}@postgres.railway.internal:5432/railway",
    )
    wait_until(lambda: answer(redis, "redis-cli", "ping") == "PONG", what="Redis")
    by_tcp = ("psql", "-h", "127.0.0.1", "-U", "postgres", "-d", "railway", "-Atqc", "select 1")
    wait_until(lambda: answer(postgres, *by_tcp) == "1", timeout=60, what="Postgres")
    return stores


def answer(container: str, *words: str) -> str:
    """Returns what a command in a container prints, whether or not it succeeds."""
    done = subprocess.run(["docker", "exec", container, *words], capture_output=True, text=True)
    return done.stdout.strip()


def values_for(stores: Stores) -> dict[str, str]:
    """Returns what a project needs; the README's other variables are empty: off, or by default."""
    return {
        "FISCAL_ENVIRONMENT": "production",
        "DATABASE_URL": stores.database_url,
        "REDIS_URL": stores.redis_url,
        "SECRET_KEYS": urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "API_KEYS": secrets.token_hex(16),
        "FLOWER_BASIC_AUTH": f"ana:{secrets.token_hex(16)}",
        "METRICS_BASIC_AUTH": f"ana:{secrets.token_hex(16)}",
        "PORT": "8123",  # none of the defaults: the platform may choose
        "RAILWAY_SHM_SIZE_BYTES": str(512 * 1024**2),
    }
