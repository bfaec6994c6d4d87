"""Real worker processes, and the app that the tests publish with."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.fernet import Fernet
from sqlalchemy import create_engine, select

from app.infrastructure.db.models import Run
from tests.conftest import ROOT
from tests.waiting import wait_until

Start = Callable[..., "WorkerProcess"]
RunOf = Callable[[str], Any]


class WorkerProcess:
    """A worker that runs; `log` is what it has written so far."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], log_path: Path) -> None:
        self.name = name
        self.process = process
        self.log_path = log_path

    @property
    def log(self) -> str:
        return self.log_path.read_text()

    def await_ready(self) -> "WorkerProcess":
        """Returns itself once it consumes."""
        wait_until(lambda: f"{self.name}@test ready" in self.log, what=f"{self.name} ready")
        return self


def worker_environment(database_url: str, redis_url: str) -> dict[str, str]:
    """Returns what a worker container gets, with a key of its own and this machine's Chrome."""
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{ROOT / 'backend'}:{ROOT}",
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "SECRET_KEYS": Fernet.generate_key().decode(),
        "REMAP_SIGTERM": "SIGQUIT",
        "C_FORCE_ROOT": "true",
        "CELERY_SOFT_SHUTDOWN_SECONDS": "2",
        "HEARTBEAT_FILE": os.environ["HEARTBEAT_FILE"],
    }


def container_environment(database_url: str, redis_url: str, directory: Path) -> dict[str, str]:
    """Returns the same with programs in `directory` that are named like Chrome's."""
    chrome = directory / "bin"
    chrome.mkdir()
    for name in ("chromium", "chromedriver"):  # present, never started here
        (chrome / name).write_text("#!/bin/sh\n")
        (chrome / name).chmod(0o755)
    environment = worker_environment(database_url, redis_url)
    return environment | {"PATH": f"{chrome}:{environment['PATH']}"}


@contextmanager
def worker_processes(environment: dict[str, str], directory: Path) -> Iterator[Start]:
    """Yields a function that starts workers on the tests' app; ends them all."""
    started: list[subprocess.Popen[bytes]] = []

    def start(
        name: str, queues: str, *arguments: str, ready: bool = True, **extra: str
    ) -> WorkerProcess:
        log_path = directory / f"{name}-{len(started)}.log"
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
        worker = WorkerProcess(name, process, log_path)
        return worker.await_ready() if ready else worker

    try:
        yield start
    finally:
        for process in started:
            process.send_signal(signal.SIGTERM)
        for process in started:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def publishing_app(redis_url: str) -> Any:
    """Returns the product's app with the tests' tasks, ready to publish from this process."""
    from app.infrastructure.celery import app
    from tests.unit.celery import worker_app  # noqa: F401

    app.conf.broker_url = redis_url
    app.set_current()
    return app


@contextmanager
def runs_in(database_url: str) -> Iterator[RunOf]:
    """Yields a function that finds the row of a run by its id, or None."""
    engine = create_engine(database_url)

    def find(run_id: str) -> Any:
        with engine.connect() as connection:
            return connection.execute(select(Run.__table__).where(Run.id == UUID(run_id))).first()

    yield find
    engine.dispose()


def finished(run_of: RunOf, run_id: str) -> Any:
    """Returns the row of a run that has ended, waiting for it."""

    def ended() -> Any:
        run = run_of(run_id)
        return run if run and run.finished_at else None

    return wait_until(ended, what=f"run {run_id} finished")
