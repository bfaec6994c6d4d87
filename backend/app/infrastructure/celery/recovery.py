"""Gives back, within seconds, the messages of a worker that died without a word.

Celery on Redis returns them after the visibility timeout, which has to be longer than the longest
run: two hours. Here every worker holds its messages under keys of its own, says each TICK that it
lives, and looks whether others still do. What a dead one held goes back to its queue:

- within 2 x (LIVENESS + TICK) = 20 s, by any worker that is connected;
- at once where a worker starts under the dead one's name, as a restarted container does.

A worker counts as dead when a sweeper that was connected all that time has seen it silent for a
whole LIVENESS: after an outage of Redis everybody is silent at once, and nobody is dead. One that
was only paused finds its messages gone, and its run's ledger closed to it (services/attempts.py).

Redis' clock decides, through the expiry of keys; a clock that steps in a container changes nothing.
kombu's own sweep after the visibility timeout stays as the last net.
"""

import json
import logging
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import redis
from celery import bootsteps
from kombu.asynchronous import set_event_loop

from app.infrastructure.celery.queues import (
    NODES,
    RESTORED,
    SHARED,
    in_flight_options,
    life_key,
    signs_of_life,
)
from app.infrastructure.celery.topology import VISIBILITY_TIMEOUT
from app.infrastructure.health import impatient_redis
from app.settings import get_settings

LIVENESS = 8.0  # s without a sign of life
TICK = 2.0  # s between two signs, and between two looks at the others
PATIENCE = 1.0  # s: the consumer's loop stands still meanwhile
COLD_SHUTDOWN = 30.0  # s that stopping takes at most after the soft shutdown

# The message goes back only where this very call has taken it out: two sweepers, or a sweeper and
# its owner, never put it back twice. To the end of the list that is served next, as kombu does.
_PUT_BACK = """
if redis.call('HDEL', KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('RPUSH', KEYS[3], ARGV[2])
return 1
"""

logger = logging.getLogger(__name__)


def own_in_flight_keys(node: str, conf: Any) -> None:
    """Makes the consumer of this process hold its messages under keys of its own."""
    conf.broker_transport_options = conf.broker_transport_options | in_flight_options(node)


def put_back(client: "redis.Redis", hash_key: str, index_key: str, tags: list[Any]) -> int:
    """Puts the messages with these delivery tags back into their queues; returns how many."""
    script = client.register_script(_PUT_BACK)
    restored: Counter[str] = Counter()
    for tag, value in zip(tags, client.hmget(hash_key, tags) if tags else (), strict=True):
        if value is None:
            continue  # acknowledged, or put back by somebody else
        message, _, queue = json.loads(value)
        message["headers"]["redelivered"] = True
        message["properties"]["delivery_info"]["redelivered"] = True
        # Encoded here: Redis' own JSON turns empty lists into objects.
        restored[queue] += int(script([hash_key, index_key, queue], [tag, json.dumps(message)]))
    with suppress(redis.RedisError):  # a figure of the role metrics; the messages are back
        for queue, number in (+restored).items():
            client.hincrby(RESTORED, queue, number)
    return restored.total()


def restore_node(client: "redis.Redis", node: str) -> int:
    """Puts back everything that a node holds; returns the number of messages."""
    keys = in_flight_options(node)
    tags: Any = client.hkeys(keys["unacked_key"])
    return put_back(client, keys["unacked_key"], keys["unacked_index_key"], tags)


def restore_shared(client: "redis.Redis") -> int:
    """Puts back what workers of an older version left under the shared keys, two hours ago."""
    seconds, _ = client.time()
    tags: Any = client.zrangebyscore(f"{SHARED}_index", "-inf", seconds - VISIBILITY_TIMEOUT)
    return put_back(client, SHARED, f"{SHARED}_index", tags)


def say_alive(client: "redis.Redis", node: str, state: str = "consuming") -> None:
    """Says that a node lives, for LIVENESS seconds, and that it may hold messages."""
    with client.pipeline() as pipe:
        pipe.set(life_key(node), state, px=int(LIVENESS * 1000))
        pipe.sadd(NODES, node)
        pipe.execute()


def refuse_eviction(client: "redis.Redis") -> None:
    """Ends the worker where Redis would throw queues away when its memory is full: exit 64.

    INFO tells it: CONFIG is forbidden on many a managed Redis. Raises redis-py's errors.
    """
    info = client.info()
    policy = str(info.get("maxmemory_policy", "noeviction"))
    if policy.startswith("allkeys"):
        logger.critical(
            "Redis has maxmemory-policy %s: when its memory is full it deletes whole queues without"
            " a word; set noeviction.",
            policy,
        )
        sys.exit(os.EX_USAGE)
    if not info.get("aof_enabled"):
        logger.warning("Redis keeps no AOF: when it restarts, the queues are rebuilt by"
                       " system.reconcile only; set appendonly yes.")  # fmt: skip


class Sweeper:
    """Looks after the other nodes, as long as its own connection holds."""

    def __init__(self, client: "redis.Redis", node: str) -> None:
        self.client = client
        self.node = node
        self.silent_since: dict[str, float] = {}
        self.looked_at = time.monotonic()

    def sweep(self) -> None:
        """Puts back what dead nodes hold. Raises redis-py's errors."""
        now = time.monotonic()
        if now - self.looked_at > LIVENESS / 2:
            self.silent_since.clear()  # this process was stopped meanwhile and has seen nothing
        self.looked_at = now
        silent = self._silent()
        self.silent_since = {node: self.silent_since.get(node, now) for node in silent}
        for node, since in self.silent_since.items():
            if now - since >= LIVENESS:
                self._bury(node)
        if restored := restore_shared(self.client):
            logger.warning("put back %d messages of workers of an older version", restored)

    def _silent(self) -> list[str]:
        signs = signs_of_life(self.client).items()
        return [node for node, sign in signs if sign is None and node != self.node]

    def _bury(self, node: str) -> None:
        if restored := restore_node(self.client, node):
            logger.warning("worker %s is dead; put back %d of its messages", node, restored)
        if not self.client.exists(in_flight_options(node)["unacked_key"]):
            self.client.srem(NODES, node)


class Recovery(bootsteps.StartStopStep):
    """Says each TICK that this worker lives, and sweeps; both in the consumer's own loop."""

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, parent: Any, **_: Any) -> None:
        self.entry: Any = None
        parent.alive_at = time.monotonic()  # when Redis last took a sign of life; heartbeat.py
        super().__init__(parent)

    def start(self, parent: Any) -> None:
        """Puts back what this node held in a former life, or before its connection broke."""
        # Celery resets the hub when it loses a connection, and kombu then forgets it (kombu 5.7.0,
        # hub.py, `_close`): acknowledgements.py would find nobody to tell.
        set_event_loop(parent.hub)
        client = impatient_redis(get_settings().require("redis_url"), PATIENCE)
        refuse_eviction(client)
        say_alive(client, parent.hostname)
        if restored := restore_node(client, parent.hostname):
            logger.warning("put back %d messages that this worker held before", restored)
        tick = partial(self._tick, parent, Sweeper(client, parent.hostname))
        self.entry = parent.timer.call_repeatedly(TICK, tick)

    def stop(self, parent: Any) -> None:  # noqa: ARG002 (Celery's signature)
        """Falls silent with the connection."""
        if self.entry is not None:
            self.entry.cancel()
            self.entry = None

    def _tick(self, parent: Any, sweeper: Sweeper) -> None:
        try:
            say_alive(sweeper.client, sweeper.node)
            parent.alive_at = time.monotonic()
            sweeper.sweep()
        except (redis.RedisError, OSError) as error:
            sweeper.silent_since.clear()  # what follows an outage is nobody's death
            logger.warning("Redis does not answer the sweeper: %s", type(error).__name__)


def stay_alive_while_stopping(node: str, wait: Callable[[], None], seconds: float) -> None:
    """Calls `wait`, Celery's soft shutdown, which sleeps in the main thread: no timer runs.

    A thread says meanwhile that the node lives, and on through the cold shutdown. It ends with the
    process, and after `seconds` + COLD_SHUTDOWN at the latest; a kill ends it at once.
    """
    deadline = time.monotonic() + seconds + COLD_SHUTDOWN
    threading.Thread(target=_stay_alive, args=(node, deadline), daemon=True).start()
    wait()


def _stay_alive(node: str, deadline: float) -> None:
    # A client of its own: the signal may have interrupted the loop's in the middle of a question.
    client = impatient_redis(get_settings().require("redis_url"), PATIENCE)
    while time.monotonic() < deadline:
        try:
            say_alive(client, node, "draining")
        except (redis.RedisError, OSError) as error:
            logger.warning("Redis does not hear that this worker stops: %s", type(error).__name__)
        time.sleep(TICK)
