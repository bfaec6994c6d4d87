"""Redis as the workers use it: which messages wait, which are in flight, and with which node.

kombu keeps a queue as one list, and one more per priority that was ever used; what a worker has
fetched and not acknowledged lies in a hash as [message, exchange, routing key]. Each worker has a
hash of its own (recovery.py). Imports nothing of Celery, so that any process may read.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

import redis

from app.infrastructure.celery.topology import QUEUES

NODES = "nodes"  # a set: every node that may hold messages
SHARED = "unacked"  # the hash of workers older than recovery.py, and kombu's default
RESTORED = "restored"  # a hash: how many messages of a queue recovery has put back, ever
PRIORITIES = ("", "\x06\x163", "\x06\x166", "\x06\x169")
PAGE = 1000  # messages per answer: one of 10 MB would hold Redis up


def in_flight_options(node: str) -> dict[str, str]:
    """Returns the transport options that give a node in-flight keys of its own."""
    return {
        "unacked_key": f"unacked:{node}",
        "unacked_index_key": f"unacked_index:{node}",
        "unacked_mutex_key": f"unacked_mutex:{node}",
    }


def nodes_of(client: "redis.Redis") -> list[str]:
    """Returns every node that may hold messages, the living and the lately dead."""
    members: Any = client.smembers(NODES)
    return sorted(member.decode() for member in members)


def life_key(node: str) -> str:
    """Returns the key that is there while a node lives; its value is the node's state."""
    return f"alive:{node}"


def signs_of_life(client: "redis.Redis") -> dict[str, bytes | None]:
    """Returns the state that each node says it is in, None where it says nothing."""
    nodes = nodes_of(client)
    signs: Any = client.mget([life_key(node) for node in nodes]) if nodes else []
    return dict(zip(nodes, signs, strict=True))


class RedisQueues:
    """Reads the queues by a client of redis-py. Every method raises that library's errors."""

    def __init__(self, client: "redis.Redis") -> None:
        self.client = client

    def waiting(self, queue: str) -> int:
        """Returns how many messages wait in a queue."""
        return sum(int(self.client.llen(queue + part)) for part in PRIORITIES)

    def in_flight(self) -> Counter[str]:
        """Returns how many messages of each queue are with a worker, by the queue's name."""
        return Counter(queue for _, queue in self._fetched())

    def restored(self) -> dict[str, int]:
        """Returns how many messages were put back since Redis last lost its disk, by queue."""
        found: Any = self.client.hgetall(RESTORED)
        return {queue.decode(): int(number) for queue, number in found.items()}

    def fullness(self) -> float:
        """Returns the part of its memory limit that Redis uses, 0 where it has none."""
        memory: Any = self.client.info("memory")
        limit = int(memory["maxmemory"])
        return int(memory["used_memory"]) / limit if limit else 0.0

    def run_ids(self, queues: Iterable[str] = tuple(QUEUES)) -> set[UUID]:
        """Returns the runs whose message is in one of the queues or with a worker.

        A message that moves while this reads may be missed: look twice before you call it lost.
        """
        found = {_id_of(message) for queue in queues for message in self._listed(queue)}
        found |= {_id_of(message) for message, _ in self._fetched()}
        return {run_id for run_id in found if run_id is not None}

    def _listed(self, queue: str) -> Iterator[dict[str, Any]]:
        for name in (queue + part for part in PRIORITIES):
            # From the head: messages are taken at the tail, so none moves past the reader.
            first = 0
            while page := self.client.lrange(name, first, first + PAGE - 1):
                yield from (json.loads(each) for each in page)
                first += PAGE

    def _fetched(self) -> Iterator[tuple[dict[str, Any], str]]:
        nodes = nodes_of(self.client)
        keys = [SHARED, *(in_flight_options(node)["unacked_key"] for node in nodes)]
        for key in keys:
            for value in self.client.hvals(key):
                message, _, queue = json.loads(value)
                yield message, queue


def _id_of(message: dict[str, Any]) -> UUID | None:
    try:
        return UUID(message["headers"]["id"])
    except (KeyError, ValueError):
        return None  # nobody's run: a message that no Celery has made
