"""An acknowledgement that is lost costs no slot."""

from pathlib import Path
from typing import Any

import pytest
import redis

from tests.unit.celery.test_recovery import hold, running
from tests.unit.celery.worker_process import RunOf, Start, finished
from tests.waiting import wait_until


@pytest.mark.parametrize("losses", [0, 1])
def test_an_acknowledgement_that_redis_does_not_take_costs_no_slot(
    app: Any,
    start_worker: Start,
    run_of: RunOf,
    tmp_path: Path,
    client: redis.Redis,
    redis_url: str,
    losses: int,
) -> None:
    """Also where the worker lost its connection before: that took its event loop away once."""
    worker = start_worker("only", "default", "--concurrency=1")
    for _ in range(losses):
        client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        wait_until(lambda: "Connection to broker lost" in worker.log, 20, "the lost connection")
    run_id, until = hold(app, tmp_path)
    wait_until(lambda: running(run_of, run_id, "only"), what="the start")
    # Its slot is taken, so that it asks for no message: only the acknowledgement is lost.
    client.execute_command("CLIENT", "PAUSE", 12_000, "ALL")
    until.touch()
    wait_until(lambda: "Couldn't ack" in worker.log, 20, "the lost acknowledgement")
    with redis.Redis.from_url(redis_url, socket_timeout=20) as patient:
        patient.ping()
    after = app.send_task("test.hold", kwargs={"until": str(until)}, queue="default").id
    assert finished(run_of, after).state == "succeeded"
    assert finished(run_of, run_id).attempts == 1  # its copy found it ended
