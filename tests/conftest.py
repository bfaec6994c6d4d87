"""Real Postgres and Redis for every test that asks: one container of each, made on first use."""

import fcntl
import os
import secrets
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from xdist.scheduler import LoadScopeScheduling

if TYPE_CHECKING:
    import psycopg

ROOT = Path(__file__).resolve().parents[1]
# Folders whose tests share what is costly: a cluster and bundles, built images, a registry.
GROUPS = dict.fromkeys(("kubernetes", "chaos", "integration"), "bundles") | {
    folder: folder for folder in ("railway", "release")
}
RERUNS_ALLOWED = 4  # tests of a whole run that may pass at the second try only (decision 0023)

# A machine without a registry cannot pull Ryuk; the fixtures below remove what they made.
os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")
for name in list(os.environ):
    if name.startswith(
        ("CELERY_", "SII_", "WHATSAPP_", "DATABASE_URL", "REDIS_URL", "SMTP_", "MEM0_", "OTEL_")
    ):
        del os.environ[name]  # a developer's shell must not decide what a test sees
# The workers and beats that these tests start; those of another test process beat elsewhere.
os.environ["HEARTBEAT_FILE"] = f"{tempfile.gettempdir()}/heartbeat-{os.getpid()}"


class Groups(LoadScopeScheduling):
    """Says what may not run side by side: the tests of a group share one process of xdist.

    A file is a group. So is everything that starts bundles, in Compose or on Kubernetes: two cores
    carry one beside the other tests.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return GROUPS.get(Path(file).parts[1], file)


def pytest_configure(config: pytest.Config) -> None:
    """Has the logs searched at the end. Imported here: the environment is clean by now."""
    from tests import log_scan

    if not config.pluginmanager.is_registered(log_scan):
        config.pluginmanager.register(log_scan)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Groups:
    return Groups(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the groups of folders first, for they take longest."""

    def folder(item: pytest.Item) -> str:
        return item.path.relative_to(ROOT / "tests").parts[0]

    items.sort(key=lambda item: [*GROUPS, folder(item)].index(folder(item)))


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Shows why tests were run again; too many such fail the run."""
    reporter: Any = session.config.pluginmanager.get_plugin("terminalreporter")
    reruns = reporter.stats.get("rerun", ()) if reporter else ()
    for report in reruns:
        reporter.section(f"first try of {report.nodeid}")
        reporter.write_line(report.longreprtext)
    if len(reruns) > RERUNS_ALLOWED:
        reporter.write_line(f"{len(reruns)} tests were run again, {RERUNS_ALLOWED} may be.")
        session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED


@contextmanager
def names_of_images() -> Iterator[None]:
    """Keeps test processes apart while one asks for, or changes, what the engine calls an image.

    tests/kubernetes lends the official names to their stand-ins for as long as it loads them.
    """
    with Path(tempfile.gettempdir(), "fiscal-names-of-images").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@names_of_images()
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
@names_of_images()
def images() -> None:
    """Builds the images of this checkout; the cache makes that quick where nothing changed."""
    for command in (
        ["deploy/airgap/build.sh"],
        ["docker", "compose", "--profile", "*", "build", "--quiet"],
    ):
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, f"{command[0]}: {done.stdout[-2000:]}{done.stderr[-2000:]}"


@contextmanager
def running_postgres() -> Iterator[str]:
    """Yields the URL of a Postgres server of its own, without a database name."""
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
def postgres_server() -> Iterator[str]:
    """Yields the URL of a Postgres server, without a database name."""
    with running_postgres() as url:
        yield url


@pytest.fixture(scope="session")
def migrated(postgres_server: str) -> str:
    """Returns the name of a migrated database that others are copied from."""
    return migrated_template(postgres_server)


def migrated_template(postgres_server: str) -> str:
    """Returns the name of a new, migrated database to copy others from."""
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


def forget_engine() -> None:
    """Closes what this process's engine keeps open: a connection that is forgotten warns later."""
    from app.infrastructure.db.session import get_engine

    if get_engine.cache_info().currsize:
        get_engine().dispose()
    get_engine.cache_clear()


@contextmanager
def own_database(postgres_server: str, migrated: str) -> Iterator[str]:
    """Yields the URL of a migrated database that nobody else uses; settings point at it."""
    from app.settings import get_settings

    name = f"test_{secrets.token_hex(6)}"
    with administration(postgres_server) as connection:
        # Copying files is three times as fast as the default, which writes every page to the log.
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {migrated} STRATEGY file_copy")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DATABASE_URL", f"{postgres_server}/{name}")
        get_settings.cache_clear()
        forget_engine()
        yield f"{postgres_server}/{name}"
        forget_engine()
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
