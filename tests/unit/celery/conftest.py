"""Workers of a test's own. Tests that can share one have it in their module."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.celery.worker_process import (
    RunOf,
    Start,
    container_environment,
    publishing_app,
    runs_in,
    worker_processes,
)


@pytest.fixture
def environment(database_url: str, redis_url: str, tmp_path: Path) -> dict[str, str]:
    """What a worker container gets."""
    return container_environment(database_url, redis_url, tmp_path)


@pytest.fixture
def start_worker(environment: dict[str, str], tmp_path: Path) -> Iterator[Start]:
    """Starts workers on the tests' app and stops them at the end."""
    with worker_processes(environment, tmp_path) as start:
        yield start


@pytest.fixture
def app(database_url: str, redis_url: str) -> Any:
    return publishing_app(redis_url)


@pytest.fixture
def run_of(database_url: str) -> Iterator[RunOf]:
    with runs_in(database_url) as find:
        yield find
