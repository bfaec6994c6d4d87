"""Redis and Postgres that speak TLS, with a certificate of an authority of the tests' own."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from testcontainers.community.postgres import PostgresContainer
from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import LogMessageWaitStrategy

from tests.certificates import Authority
from tests.conftest import base_image

HOST = "localhost"  # the engine publishes ports there; a certificate is for one name
# The servers want a key that nobody else can read, in the hands of a user whom only they know.
_OWN_KEY = "install -m 600 -o {user} /tls/server.key /tmp/server.key && exec docker-entrypoint.sh "
_REDIS = (
    "redis-server --port 0 --tls-port 6379 --tls-cert-file /tls/server.crt"
    " --tls-key-file /tmp/server.key --tls-ca-cert-file /tls/server.crt --tls-auth-clients no"
    " --appendonly yes --requirepass {password}"
)
_POSTGRES = (
    "postgres -c fsync=off -c ssl=on -c ssl_cert_file=/tls/server.crt"
    " -c ssl_key_file=/tmp/server.key"
)


@dataclass(frozen=True)
class TlsStores:
    """Where they listen. Each URL names the authority that its user trusts."""

    password: str  # of both
    redis_port: int
    postgres_port: int
    trusted: Path
    other: Path  # an authority that signed neither

    def redis_url(self, authority: Path | None = None) -> str:
        """Returns the URL as docs/operations.md writes it."""
        trust = f"ssl_cert_reqs=required&ssl_ca_certs={authority or self.trusted}"
        return f"rediss://:{self.password}@{HOST}:{self.redis_port}/0?{trust}"

    def database_url(self, authority: Path | None = None) -> str:
        """Returns the URL as docs/operations.md writes it."""
        trust = f"sslmode=verify-full&sslrootcert={authority or self.trusted}"
        return f"postgresql://test:{self.password}@{HOST}:{self.postgres_port}/test?{trust}"


@contextmanager
def tls_stores(directory: Path) -> Iterator[TlsStores]:
    """Yields both, empty, on free ports; they are gone afterwards."""
    mounted = directory / "tls"
    mounted.mkdir()
    trusted, other = Authority(directory, "trusted"), Authority(directory, "other")
    password = secrets.token_hex(8)
    postgres = PostgresContainer(
        os.environ.get("POSTGRES_IMAGE")
        or base_image("pgvector/pgvector:pg17", "fiscal-base-postgres:trixie"),
        password=password,
    ).with_kwargs(entrypoint=["sh", "-c", _OWN_KEY.format(user="postgres") + _POSTGRES])
    start_redis = _OWN_KEY.format(user="redis") + _REDIS.format(password=password)
    redis = (
        DockerContainer(
            os.environ.get("REDIS_IMAGE")
            or base_image("redis:8-trixie", "fiscal-base-redis:trixie")
        )
        .with_exposed_ports(6379)
        .with_kwargs(entrypoint=["sh", "-c", start_redis])
        .waiting_for(LogMessageWaitStrategy("Ready to accept connections"))
    )
    trusted.sign_server(mounted, HOST)
    mounted.chmod(0o755)
    for store in (postgres, redis):
        store.with_volume_mapping(str(mounted), "/tls", "ro")
    with postgres, redis:
        yield TlsStores(
            password=password,
            redis_port=int(redis.get_exposed_port(6379)),
            postgres_port=int(postgres.get_exposed_port(5432)),
            trusted=trusted.file,
            other=other.file,
        )
