"""The product's app with tasks that misbehave on purpose, for workers that the tests start."""

import os
import signal
import socket
from datetime import timedelta
from pathlib import Path
from typing import Any

from celery.concurrency import asynpool

from app.errors import BrowsersBusy, PermanentError, SiiUnavailable
from app.infrastructure.celery import app, recovery, task, topology
from app.infrastructure.db.session import get_engine
from app.infrastructure.health import impatient_redis
from app.services import claims, deliveries
from app.services.runs import report_progress
from tests.waiting import wait_until

NAMES = (
    "test.refuse",
    "test.stumble",
    "test.die",
    "test.hang",
    "test.hang_in_ping",
    "test.hang_after_publishing",
    "test.hold",
    "test.kill_worker",
    "test.stumble_at",
    "test.ask_redis",
    "test.turn_away",
    "test.step",
)

# Shorter than in production, where a test asks for it.
recovery.LIVENESS = float(os.environ.get("TEST_LIVENESS", recovery.LIVENESS))
recovery.TICK = float(os.environ.get("TEST_TICK", recovery.TICK))
if "TEST_WAITS" in os.environ:
    deliveries.WAITS = (1, 2)
    claims.LEASE = timedelta(seconds=15)

if "TEST_LATE_EXIT" in os.environ:  # the first look at a child that exits always comes too early
    asynpool.AsynPool._event_process_exit = lambda pool, hub, proc: pool._untrack_child_process(
        proc, hub
    )
    asynpool.AsynPool.timers = {}  # nor is there a second look by the clock

topology.SYSTEM_TASKS.update(dict.fromkeys(NAMES, "default"))  # type: ignore[attr-defined]
app.conf.task_routes = app.conf.task_routes | {"test.*": "default"}  # ROUTES stays as shipped


if step := os.environ.get("TEST_STEP"):  # a step of an onboarding that has nothing to do

    @app.task(name=step)
    def step_of_an_onboarding(company_id: str) -> None:
        """Ends well."""

    topology.SYSTEM_TASKS.setdefault(step, "default")  # type: ignore[attr-defined]
    app.conf.task_routes = app.conf.task_routes | {step: "default"}


@app.task(name="test.refuse")
def refuse() -> None:
    raise PermanentError("No, and asking again will not help.")


@app.task(name="test.stumble", bind=True)
def stumble(self: Any, times: int) -> int:
    self.wait_before_retry = lambda error: 0
    if self.request.retries < times:
        raise SiiUnavailable
    return int(self.request.retries)


@app.task(name="test.die", default_retry_delay=1, max_retries=1)
def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@app.task(name="test.hold")
def hold(until: str) -> None:
    """Runs until the file `until` is there."""
    wait_until(Path(until).exists, timeout=120)


@app.task(name="test.step", bind=True)
def step(self: Any) -> None:
    """Goes from checkpoint to checkpoint until it is cancelled."""
    wait_until(lambda: report_progress(self.attempt.run_id, 1, 2, "again"), timeout=60)


@app.task(name="test.hang", bind=True, soft_time_limit=1, time_limit=5)
def hang(self: Any, times: int) -> None:
    """Hangs in its first attempts."""
    self.wait_before_retry = lambda error: 0
    if self.request.retries < times:
        signal.pause()


@app.task(name="test.hang_in_ping", bind=True, soft_time_limit=1, time_limit=5)
def hang_in_ping(self: Any, times: int) -> None:
    """Takes a pooled connection whose server says nothing, in its first attempts."""
    self.wait_before_retry = lambda error: 0
    if self.request.retries < times:
        silent, kept = socket.socketpair()
        with get_engine().connect() as connection:
            os.dup2(silent.fileno(), connection.connection.driver_connection.fileno())
        with kept, silent, get_engine().connect():
            pass


@app.task(name="test.hang_after_publishing", bind=True, soft_time_limit=2, time_limit=12)
def hang_after_publishing(self: Any) -> None:
    """Hangs in its first attempt, in a process that has a connection to publish by."""
    self.wait_before_retry = lambda error: 0
    if self.request.attempt == 1:
        app.send_task("system.probe", queue="default")
        signal.pause()


@app.task(name="test.ask_redis", bind=True)
def ask_redis(self: Any, times: int) -> None:
    """Asks a Redis that is not there, in its first attempts."""
    self.wait_before_retry = lambda error: 0
    if self.request.retries < times:
        impatient_redis("redis://127.0.0.1:1/0", 1).ping()


@app.task(name="test.kill_worker")
def kill_worker() -> None:
    """Kills the worker's main process, as the machine does that runs out of memory."""
    os.kill(os.getppid(), signal.SIGKILL)
    signal.pause()


@app.task(name="test.stumble_at", bind=True)
def stumble_at(self: Any, until: str) -> None:
    """Meets a transient error once the file `until` is there, in its first attempt."""
    wait_until(Path(until).exists, timeout=120)
    self.wait_before_retry = lambda error: 0
    if self.request.attempt == 1:
        raise SiiUnavailable


@app.task(name="test.turn_away", bind=True)
def turn_away(self: Any, times: int, most_starts: int = task.MOST_STARTS) -> int:
    """Is not let in, in its first attempts."""
    self.wait_before_retry = lambda error: 0
    task.MOST_STARTS = most_starts
    if self.request.attempt <= times:
        raise BrowsersBusy
    return int(self.request.retries)
