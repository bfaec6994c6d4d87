"""The product's app with tasks that misbehave on purpose, for workers that the tests start."""

import os
import signal
from typing import Any

from app.errors import PermanentError, SiiUnavailable
from app.infrastructure.celery import app, topology

NAMES = ("test.refuse", "test.stumble", "test.die", "test.hang")

topology.SYSTEM_TASKS.update(dict.fromkeys(NAMES, "default"))  # type: ignore[attr-defined]
app.conf.task_routes = app.conf.task_routes | {"test.*": "default"}  # ROUTES stays as shipped


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


@app.task(name="test.hang", soft_time_limit=1, time_limit=5)
def hang() -> None:
    signal.pause()
