"""A real worker process per test, on a Redis and a Postgres of the tests' own."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from tests.waiting import wait_until

ROOT = Path(__file__).resolve().parents[3]


class WorkerProcess:
    """A worker that runs; `log` is what it has written so far."""

    def __init__(self, process: subprocess.Popen[bytes], log_path: Path) -> None:
        self.process = process
        self.log_path = log_path

    @property
    def log(self) -> str:
        return self.log_path.read_text()


@pytest.fixture
def environment(database_url: str, redis_url: str, tmp_path: Path) -> dict[str, str]:
    """What a worker container gets."""
    chrome = tmp_path / "bin"
    chrome.mkdir()
    for name in ("chromium", "chromedriver"):  # present, never started here
        (chrome / name).write_text("#!/bin/sh\n")
        (chrome / name).chmod(0o755)
    return {
        "PATH": f"{chrome}:{os.environ['PATH']}",
        "PYTHONPATH": f"{ROOT / 'backend'}:{ROOT}",
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "SECRET_KEYS": Fernet.generate_key().decode(),
        "REMAP_SIGTERM": "SIGQUIT",
        "C_FORCE_ROOT": "true",
        "CELERY_SOFT_SHUTDOWN_SECONDS": "2",
    }


@pytest.fixture
def start_worker(
    environment: dict[str, str], tmp_path: Path
) -> Iterator[Callable[..., WorkerProcess]]:
    """Starts workers on the test's app and stops them at the end."""
    started: list[subprocess.Popen[bytes]] = []

    def start(
        name: str, queues: str, *arguments: str, ready: bool = True, **extra: str
    ) -> WorkerProcess:
        log_path = tmp_path / f"{name}-{len(started)}.log"
        command = [
            *(sys.executable, "-m", "celery", "-A", "tests.unit.celery.worker_app:app", "worker"),
            *("-Q", queues, "--concurrency=2", "--loglevel=info", "-n", f"{name}@test"),
            *arguments,
        ]
        with log_path.open("wb") as log:
            process = subprocess.Popen(
                command, env=environment | extra, stdout=log, stderr=log, cwd=ROOT
            )
        started.append(process)
        worker = WorkerProcess(process, log_path)
        if ready:
            wait_until(lambda: f"{name}@test ready" in worker.log, what=f"{name} ready")
        return worker

    yield start
    for process in started:
        process.send_signal(signal.SIGTERM)
    for process in started:
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
