"""Queues and workers, out of the real Redis."""

import json

import pytest
import redis
from kombu import Connection, Exchange, Queue

from app.errors import InvalidInput, NotFound
from app.infrastructure.celery.queues import NODES
from app.infrastructure.celery.recovery import restore_node, say_alive
from app.infrastructure.celery.vitals import Usage, Vitals, say_vitals
from app.metrics.redis_figures import redis_figures
from app.metrics.worker_load import read_loads
from tests.unit.metrics.ledger import shown

USAGE = Usage(
    cpu={"main": 1.5, "children": 20.0},
    memory={"main": 1000, "children": 2000, "browsers": 3000},
    browsers=1,
)


def put(redis_url: str, name: str, number: int) -> None:
    queue = Queue(name, Exchange(name), routing_key=name)
    with Connection(redis_url) as broker, broker.Producer() as producer:
        for _ in range(number):
            producer.publish({}, exchange=queue.exchange, routing_key=name, declare=[queue])


def hold(client: redis.Redis, node: str, queue: str) -> None:
    message = [{"headers": {}}, queue, queue]
    client.hset(f"unacked:{node}", "tag", json.dumps(message))


def test_queues_show_what_waits_and_what_is_held_and_who_takes_from_them(
    client: redis.Redis, redis_url: str
) -> None:
    put(redis_url, "low", 3)
    say_alive(client, "slow@a")
    hold(client, "slow@a", "low")
    say_vitals(client, Vitals("slow@a", ["low"], 2, {}, {"low": 1}, USAGE))
    found = shown(redis_figures(client))
    assert found["fiscal_queue_waiting"] == {("high",): 0, ("default",): 0, ("low",): 3}
    assert found["fiscal_queue_in_flight"]["low",] == 1
    assert found["fiscal_queue_consumers"] == {("high",): 0, ("default",): 0, ("low",): 1}
    assert (found["fiscal_queue_slots_used"]["low",], found["fiscal_queue_slots_free"]["low",]) == (
        1,
        1,
    )
    assert found["fiscal_redis_memory_bytes"][()] > 0


def test_what_was_taken_from_the_dead_is_counted_by_queue_and_shown_again(
    client: redis.Redis,
) -> None:
    message = {"headers": {}, "properties": {"delivery_info": {}}}
    for node, queue in (("slow@a", "low"), ("slow@b", "low"), ("fast@c", "high")):
        client.hset(f"unacked:{node}", "tag", json.dumps([message, queue, queue]))
        client.zadd(f"unacked_index:{node}", {"tag": 0})
        assert restore_node(client, node) == 1
    found = shown(redis_figures(client))["fiscal_messages_restored_total"]
    assert found == {("high",): 1, ("default",): 0, ("low",): 2}


def test_workers_show_their_lives_their_slots_and_what_they_take(client: redis.Redis) -> None:
    say_alive(client, "slow@a")
    say_alive(client, "slow@b", "draining")
    client.sadd(NODES, "fast@c")
    say_vitals(client, Vitals("slow@a", ["low"], 1, {}, {}, USAGE))
    found = shown(redis_figures(client))
    a, b, c = ("slow", "slow@a"), ("slow", "slow@b"), ("fast", "fast@c")
    assert found["fiscal_worker_alive"] == {a: 1, b: 1, c: 0}
    assert found["fiscal_worker_draining"] == {a: 0, b: 1, c: 0}
    assert found["fiscal_worker_slots"] == {a: 1}
    assert found["fiscal_worker_browsers"] == {a: 1}
    assert found["fiscal_worker_memory_bytes"][*a, "browsers"] == 3000
    assert found["fiscal_worker_cpu_seconds_total"] == {(*a, "main"): 1.5, (*a, "children"): 20}


def test_an_empty_redis_shows_zeros(client: redis.Redis) -> None:
    found = shown(redis_figures(client))
    assert set(found["fiscal_queue_waiting"].values()) == {0}
    assert "fiscal_worker_alive" not in found


def test_a_worker_s_load_is_that_of_its_queues_also_while_none_of_it_lives(
    client: redis.Redis, redis_url: str
) -> None:
    put(redis_url, "low", 2)
    put(redis_url, "high", 1)
    client.sadd(NODES, "slow@a")
    hold(client, "slow@a", "low")
    loads = read_loads(client)
    assert loads.of("slow") == {
        "worker": "slow", "queues": ["low"], "waiting": 2, "running": 1, "runs": 3,
    }  # fmt: skip
    assert loads.of("all")["runs"] == 4
    assert loads.of("night", ["high", "default"])["runs"] == 1


def test_a_worker_of_one_s_own_is_known_while_it_lives(client: redis.Redis) -> None:
    client.sadd(NODES, "night@a")
    say_vitals(client, Vitals("night@a", ["default"], 1, {}, {}, USAGE))
    assert read_loads(client).of("night")["queues"] == ["default"]
    with pytest.raises(NotFound, match="No worker day lives"):
        read_loads(client).of("day")
    with pytest.raises(InvalidInput, match="There is no queue hihg"):
        read_loads(client).of("night", ["hihg"])
