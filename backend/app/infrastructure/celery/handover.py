"""A worker that is to stop waits until others consume its queues: no queue is left alone meanwhile.

Kubernetes asks for it before it says SIGTERM (the chart's preStop hook), because a change of layout
removes the old worker's Deployment in the same moment as it makes the new ones. The worker goes on
consuming while it waits. Imports nothing of Celery, so that the hook costs little.
"""

import time
from collections.abc import Sequence

import redis

from app.infrastructure.celery.queues import signs_of_life
from app.infrastructure.celery.vitals import read_vitals

INTERVAL = 0.5  # s between two looks
DRAINING = b"draining"


def await_successors(
    client: "redis.Redis", node: str, queues: Sequence[str], patience: float
) -> list[str]:
    """Returns once another node that stays consumes each of `queues`, or after `patience` s.

    Returns the queues that nobody else consumes. `node` says that it leaves for as long as it
    waits, so that two which leave together do not count on each other. Raises redis-py's errors.
    """
    deadline = time.monotonic() + patience
    while True:
        client.set(_leaving(node), "1", px=int((patience + 60) * 1000))
        alone = _alone(client, node, queues)
        if not alone or time.monotonic() > deadline:
            return alone
        time.sleep(INTERVAL)


def _alone(client: "redis.Redis", node: str, queues: Sequence[str]) -> list[str]:
    signs = signs_of_life(client)
    others = [
        each
        for each in read_vitals(client)
        if each.node != node
        and signs.get(each.node) not in (None, DRAINING)
        and not client.exists(_leaving(each.node))
    ]
    return [queue for queue in queues if not any(queue in each.queues for each in others)]


def _leaving(node: str) -> str:
    return f"leaving:{node}"
