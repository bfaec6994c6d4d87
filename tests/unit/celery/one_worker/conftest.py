"""One worker on queue `default` for all tests here; each looks at runs of its own."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import empty_redis, own_database
from tests.unit.celery.worker_process import (
    RunOf,
    WorkerProcess,
    container_environment,
    publishing_app,
    runs_in,
    worker_processes,
)


@pytest.fixture(scope="package")
def database_url(postgres_server: str, migrated: str) -> Iterator[str]:
    with own_database(postgres_server, migrated) as url:
        yield url


@pytest.fixture(scope="package")
def redis_url(redis_server: str) -> Iterator[str]:
    with empty_redis(redis_server) as url:
        yield url


@pytest.fixture(scope="package", autouse=True)
def worker(
    database_url: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WorkerProcess]:
    directory: Path = tmp_path_factory.mktemp("worker")
    environment = container_environment(database_url, redis_url, directory)
    with worker_processes(environment, directory) as start:
        yield start("default", "default")


@pytest.fixture(scope="package")
def app(redis_url: str) -> Any:
    return publishing_app(redis_url)


@pytest.fixture(scope="package")
def run_of(database_url: str) -> Iterator[RunOf]:
    with runs_in(database_url) as find:
        yield find
