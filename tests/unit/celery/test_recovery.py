"""A worker that dies gives its messages back in seconds; one that lives keeps them."""

import os
import signal
import threading
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import redis
from kombu import Connection, Exchange, Queue

from app.infrastructure.celery import queues, recovery
from app.infrastructure.celery.queues import NODES, RedisQueues, in_flight_options
from app.infrastructure.celery.recovery import Sweeper, restore_node, restore_shared, say_alive
from app.infrastructure.celery.topology import VISIBILITY_TIMEOUT
from tests.unit.celery.worker_process import RunOf, Start, finished
from tests.waiting import wait_until

LOW = Queue("low", Exchange("low"), routing_key="low")


def held_by(redis_url: str, node: str | None, number: int = 1) -> None:
    """Puts messages into `low` and lets a node take them for good."""
    options = in_flight_options(node) if node else {}
    connection = Connection(redis_url, transport_options=options)
    channel = connection.channel()
    with connection.Producer() as producer:
        for _ in range(number):
            producer.publish({"empty": []}, exchange=LOW.exchange, routing_key="low", declare=[LOW])
    for _ in range(number):
        assert LOW(channel).get() is not None
    channel.qos._delivered.clear()  # as after SIGKILL: nobody gives them back at a close
    connection.release()


def test_two_sweepers_at_once_put_each_message_back_once(
    redis_url: str, client: redis.Redis
) -> None:
    held_by(redis_url, "dead@a", 50)
    restored: list[int] = []
    both = [
        threading.Thread(target=lambda: restored.append(restore_node(client, "dead@a")))
        for _ in range(2)
    ]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert sum(restored) == 50
    assert client.llen("low") == 50
    assert not client.exists("unacked:dead@a", "unacked_index:dead@a")


def test_a_message_comes_back_whole_and_says_that_it_was_delivered_before(
    redis_url: str, client: redis.Redis
) -> None:
    held_by(redis_url, "dead@a")
    restore_node(client, "dead@a")
    with Connection(redis_url) as connection:
        message = LOW(connection.channel()).get()
        assert message.payload == {"empty": []}
        assert message.delivery_info["redelivered"] is True
        message.ack()


def test_what_was_held_is_served_before_what_waits(redis_url: str, client: redis.Redis) -> None:
    held_by(redis_url, "dead@a")
    with Connection(redis_url) as connection, connection.Producer() as producer:
        producer.publish({"later": 1}, exchange=LOW.exchange, routing_key="low", declare=[LOW])
    restore_node(client, "dead@a")
    with Connection(redis_url) as connection:
        message = LOW(connection.channel()).get()
        assert message.payload == {"empty": []}
        message.ack()


class Clock:
    """Stands in for time.monotonic in recovery.py."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(recovery.time, "monotonic", lambda: self.now)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def sweep_for(sweeper: Sweeper, clock: Clock, seconds: float) -> None:
    for _ in range(int(seconds / recovery.TICK)):
        clock.now += recovery.TICK
        sweeper.sweep()


def test_a_silent_node_is_dead_after_a_whole_period_and_forgotten_with_its_messages(
    redis_url: str, client: redis.Redis, clock: Clock
) -> None:
    client.sadd(NODES, "dead@a")
    held_by(redis_url, "dead@a")
    sweeper = Sweeper(client, "me@b")
    sweep_for(sweeper, clock, recovery.LIVENESS)
    assert client.llen("low") == 0
    sweep_for(sweeper, clock, recovery.TICK)
    assert client.llen("low") == 1
    assert not client.sismember(NODES, "dead@a")


def test_a_node_that_speaks_keeps_its_messages(
    redis_url: str, client: redis.Redis, clock: Clock
) -> None:
    held_by(redis_url, "alive@a")
    say_alive(client, "alive@a")
    sweep_for(Sweeper(client, "me@b"), clock, 5 * recovery.LIVENESS)
    assert RedisQueues(client).in_flight() == {"low": 1}


def test_a_sweeper_that_was_stopped_itself_suspects_nobody(
    redis_url: str, client: redis.Redis, clock: Clock
) -> None:
    client.sadd(NODES, "other@a")
    held_by(redis_url, "other@a")
    sweeper = Sweeper(client, "me@b")
    sweep_for(sweeper, clock, recovery.LIVENESS)
    clock.now += 60  # SIGSTOP, or a machine that slept
    sweeper.sweep()
    assert client.llen("low") == 0


def test_what_an_older_version_left_comes_back_after_the_visibility_timeout(
    redis_url: str, client: redis.Redis
) -> None:
    held_by(redis_url, None, 2)
    assert restore_shared(client) == 0
    [first, _] = client.zrange("unacked_index", 0, -1)
    seconds, _ = client.time()
    client.zadd("unacked_index", {first: seconds - VISIBILITY_TIMEOUT - 1})
    assert restore_shared(client) == 1
    assert (client.llen("low"), client.hlen("unacked")) == (1, 1)


def test_every_page_of_a_long_queue_is_read(
    redis_url: str, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queues, "PAGE", 3)
    ids = [uuid4() for _ in range(8)]
    with Connection(redis_url) as connection, connection.Producer() as producer:
        for each in ids:
            producer.publish(
                {}, headers={"id": str(each)}, exchange=LOW.exchange, routing_key="low",
                declare=[LOW],
            )  # fmt: skip
        held = LOW(connection.channel()).get()
        assert held is not None
        assert RedisQueues(client).run_ids(["low"]) == set(ids)
        held.ack()
        assert RedisQueues(client).run_ids(["low"]) == set(ids[1:])


# --- with workers ------------------------------------------------------------------------------


def hold(app: Any, tmp_path: Path) -> tuple[str, Path]:
    """Starts a run that lasts until the file is there."""
    until = tmp_path / "go"
    return app.send_task("test.hold", kwargs={"until": str(until)}, queue="default").id, until


def running(run_of: RunOf, run_id: str, node: str, attempts: int = 1) -> bool:
    run = run_of(run_id)
    return bool(run and run.worker == f"{node}@test" and run.attempts == attempts)


QUICK = {"TEST_LIVENESS": "2", "TEST_TICK": "0.5"}


def test_a_killed_workers_run_starts_again_on_another(
    app: Any, start_worker: Start, run_of: RunOf, tmp_path: Path
) -> None:
    first = start_worker("first", "default", **QUICK)
    run_id, until = hold(app, tmp_path)
    wait_until(lambda: running(run_of, run_id, "first"), what="the first start")
    start_worker("second", "default", **QUICK)
    first.process.kill()
    wait_until(lambda: running(run_of, run_id, "second", 2), 20, "the second start")
    until.touch()
    assert finished(run_of, run_id).state == "succeeded"


def test_a_worker_that_restarts_takes_up_its_own_runs_at_once(
    app: Any, start_worker: Start, run_of: RunOf, tmp_path: Path
) -> None:
    first = start_worker("only", "default")
    run_id, until = hold(app, tmp_path)
    wait_until(lambda: running(run_of, run_id, "only"), what="the first start")
    first.process.kill()
    first.process.wait()
    again = start_worker("only", "default")
    assert "put back 1 messages that this worker held before" in again.log
    until.touch()
    assert finished(run_of, run_id).attempts == 2


def test_a_worker_that_stops_softly_keeps_its_runs_to_the_end(
    app: Any, start_worker: Start, run_of: RunOf, tmp_path: Path, client: redis.Redis
) -> None:
    first = start_worker("first", "default", **QUICK, CELERY_SOFT_SHUTDOWN_SECONDS="8")
    run_id, until = hold(app, tmp_path)
    wait_until(lambda: running(run_of, run_id, "first"), what="the first start")
    start_worker("second", "default", **QUICK)
    first.process.send_signal(signal.SIGTERM)
    wait_until(lambda: client.get("alive:first@test") == b"draining", what="it says so")
    # Longer than any sweeper would wait for a dead one.
    assert wait_for_silence_or(lambda: running(run_of, run_id, "second", 2), 6.0) is False
    until.touch()
    assert finished(run_of, run_id).attempts == 1


def wait_for_silence_or(happened: Any, seconds: float) -> bool:
    """Returns whether something happened within `seconds`."""
    try:
        wait_until(happened, seconds)
    except AssertionError:
        return False
    return True


def test_an_outage_of_redis_is_nobodys_death(
    app: Any,
    start_worker: Start,
    run_of: RunOf,
    tmp_path: Path,
    client: redis.Redis,
    redis_url: str,
) -> None:
    workers = [start_worker(name, "default", **QUICK) for name in ("first", "second")]
    run_id, until = hold(app, tmp_path)
    wait_until(lambda: run_of(run_id) is not None, what="the start")
    client.execute_command("CLIENT", "PAUSE", 6000, "ALL")  # three liveness periods of silence
    # The loop of a worker that works may stand still in a question of Celery's own for as long.
    missed = "does not answer the sweeper"
    wait_until(lambda: any(missed in worker.log for worker in workers), what="a missed tick")
    with redis.Redis.from_url(redis_url, socket_timeout=20) as patient:
        wait_until(lambda: patient.exists("alive:first@test", "alive:second@test") == 2, 30)
    until.touch()
    finished(run_of, run_id)
    assert not any("is dead" in worker.log for worker in workers)


def test_a_redis_that_evicts_queues_is_refused_in_one_sentence(
    app: Any, start_worker: Start, client: redis.Redis
) -> None:
    client.config_set("maxmemory-policy", "allkeys-lru")
    try:
        worker = start_worker("first", "default", ready=False)
        assert worker.process.wait(60) == os.EX_USAGE
    finally:
        client.config_set("maxmemory-policy", "noeviction")
    assert "it deletes whole queues without a word; set noeviction." in worker.log


def test_a_node_is_known_again_after_a_flush(
    app: Any, start_worker: Start, client: redis.Redis
) -> None:
    start_worker("first", "default", **QUICK)
    client.flushall()
    wait_until(lambda: client.sismember(NODES, "first@test"), what="it says that it lives")


def test_a_paused_worker_whose_run_was_taken_does_no_harm(
    app: Any, start_worker: Start, run_of: RunOf, tmp_path: Path, client: redis.Redis
) -> None:
    first = start_worker("first", "default", **QUICK)
    run_id, until = hold(app, tmp_path)
    wait_until(lambda: running(run_of, run_id, "first"), what="the first start")
    start_worker("second", "default", **QUICK)
    os.kill(first.process.pid, signal.SIGSTOP)
    try:
        wait_until(lambda: running(run_of, run_id, "second", 2), 20, "the second start")
    finally:
        os.kill(first.process.pid, signal.SIGCONT)
    until.touch()
    run = finished(run_of, run_id)
    assert (run.state, run.worker, run.attempts) == ("succeeded", "second@test", 2)
    wait_until(lambda: not RedisQueues(client).in_flight(), what="all acknowledged")
    assert client.llen("default") == 0
