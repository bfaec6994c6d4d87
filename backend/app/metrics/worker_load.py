"""How much waits for a worker: what KEDA scales by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import redis

from app.errors import InvalidInput, NotFound
from app.infrastructure.celery.queues import RedisQueues
from app.infrastructure.celery.topology import QUEUES, TOPOLOGIES
from app.infrastructure.celery.vitals import read_vitals

DECLARED = {worker.name: worker.queues for all_ in TOPOLOGIES.values() for worker in all_}


@dataclass(frozen=True)
class WorkerLoads:
    """Messages of each queue, and the queues of each worker that lives."""

    waiting: Mapping[str, int]
    in_flight: Mapping[str, int]
    consumed: Mapping[str, Sequence[str]]

    def of(self, name: str, queues: Sequence[str] = ()) -> dict[str, Any]:
        """Returns what waits and runs in the queues of a worker, which may be scaled to none.

        Its queues are those that the caller names, else those of a living worker of that name,
        else those that topology.py declares. Raises InvalidInput, NotFound.
        """
        if unknown := [queue for queue in queues if queue not in QUEUES]:
            raise InvalidInput(f"There is no queue {unknown[0]}; there are {', '.join(QUEUES)}.")
        its = queues or self.consumed.get(name) or DECLARED.get(name)
        if not its:
            raise NotFound(
                f"No worker {name} lives and no topology has one; say its queues, ?queues=low."
            )
        waiting = sum(self.waiting.get(queue, 0) for queue in its)
        running = sum(self.in_flight.get(queue, 0) for queue in its)
        return {
            "worker": name,
            "queues": list(its),
            "waiting": waiting,
            "running": running,
            "runs": waiting + running,
        }


def read_loads(client: "redis.Redis") -> WorkerLoads:
    """Returns what Redis says now. Raises redis-py's errors."""
    queues = RedisQueues(client)
    return WorkerLoads(
        waiting={name: queues.waiting(name) for name in QUEUES},
        in_flight=queues.in_flight(),
        consumed={each.worker: each.queues for each in read_vitals(client)},
    )
