"""Workers of a test's own: which queues they take, whom they warn of, what they refuse."""

from pathlib import Path
from typing import Any

import pytest
import redis

from app.infrastructure.celery.heartbeat import HEARTBEAT
from app.infrastructure.celery.topology import QUEUES
from tests.unit.celery.worker_process import RunOf, Start, finished
from tests.unit.test_cli import NOBODY
from tests.waiting import wait_until


def test_a_message_is_in_its_own_queue_and_in_no_other(app: Any, redis_url: str) -> None:
    client = redis.Redis.from_url(redis_url)
    for queue in QUEUES:
        app.send_task("system.probe", queue=queue)
        assert {name: client.llen(name) for name in QUEUES if client.llen(name)} == {queue: 1}
        client.delete(queue)
    client.close()


def test_each_worker_takes_its_queues_only_and_the_ledger_says_so(
    app: Any, start_worker: Start, run_of: RunOf, redis_url: str
) -> None:
    start_worker("fast", "high,default")
    ids = {queue: app.send_task("system.probe", queue=queue).id for queue in QUEUES}

    for queue in ("high", "default"):
        run = finished(run_of, ids[queue])
        assert (run.state, run.worker, run.queue, run.attempts) == (
            "succeeded",
            "fast@test",
            queue,
            1,
        )
        assert run.result["worker"] == "fast@test"
        assert run.queued_at <= run.started_at <= run.finished_at
    client = redis.Redis.from_url(redis_url)
    assert client.llen("low") == 1
    client.close()

    start_worker("slow", "low")
    assert finished(run_of, ids["low"]).worker == "slow@test"


def test_a_queue_nobody_declared_is_an_error_when_publishing(app: Any) -> None:
    from celery.exceptions import QueueNotFound

    with pytest.raises(QueueNotFound, match="hihg"):
        app.send_task("system.probe", queue="hihg")


def test_a_worker_names_the_workers_of_another_topology_and_can_still_replace_its_children(
    app: Any, start_worker: Start, run_of: RunOf
) -> None:
    """A connection that went back to the pool with an open question hung every later child."""
    HEARTBEAT.unlink(missing_ok=True)
    start_worker("all", "high,low")  # what is in default is left to the worker that asks
    assert HEARTBEAT.exists(), "it beats from its start on"
    once = ("--concurrency=1", "--max-tasks-per-child=1")
    fast = start_worker("fast", "default", *once, ready=False)
    slow = start_worker("slow", "low", ready=False)
    for other in (fast, slow):
        wait_until(
            lambda other=other: "Workers of another topology are alive: all@test" in other.log,
            what=f"the warning of {other.name}",
        )
    for run_id in [app.send_task("system.probe", queue="default").id for _ in range(3)]:
        assert finished(run_of, run_id).worker == "fast@test"
    assert "Timed out waiting for UP message" not in fast.log


def test_a_heartbeat_of_a_former_life_does_not_make_a_worker_without_redis_look_alive(
    start_worker: Start,
) -> None:
    HEARTBEAT.touch()
    worker = start_worker("fast", "default", ready=False, REDIS_URL=f"redis://{NOBODY}/0")
    wait_until(lambda: "Cannot connect to redis" in worker.log, what="the worker asks for Redis")
    assert not HEARTBEAT.exists()


@pytest.mark.parametrize("name", ["DATABASE_URL", "REDIS_URL", "SECRET_KEYS"])
def test_a_worker_without_a_required_variable_says_so_and_ends(
    start_worker: Start, name: str
) -> None:
    worker = start_worker("default", "default", ready=False, **{name: ""})
    assert worker.process.wait(20) == 64
    assert f"{name} is not set" in worker.log


def test_low_without_chrome_is_refused(start_worker: Start, tmp_path: Path) -> None:
    worker = start_worker("slow", "low", ready=False, PATH=str(tmp_path))
    assert worker.process.wait(20) == 64
    assert "Queue low needs Chrome" in worker.log


def test_low_without_the_directory_of_pdfs_is_refused(start_worker: Start, tmp_path: Path) -> None:
    away = {"PDF_STORE": "directory", "PDF_STORE_DIRECTORY": str(tmp_path / "volume")}
    worker = start_worker("slow", "low", ready=False, **away)
    assert worker.process.wait(20) == 64
    assert f"PDF_STORE_DIRECTORY names {tmp_path / 'volume'}, which is no directory" in worker.log
    start_worker("fast", "high", **away)


def test_a_recycled_child_is_replaced_though_the_first_look_at_it_came_too_early(
    app: Any, start_worker: Start, run_of: RunOf
) -> None:
    """Celery's second look came after five seconds; here there is none but ours."""
    start_worker("fast", "high", "-c", "1", "--max-tasks-per-child=1", TEST_LATE_EXIT="1")
    runs = [finished(run_of, app.send_task("system.probe", queue="high").id) for _ in range(4)]

    assert [run.state for run in runs] == ["succeeded"] * 4
    assert len({run.result["pid"] for run in runs}) == 4
