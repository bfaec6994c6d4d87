"""The queues and the workers of this moment, as Redis knows them. Imports nothing of Celery."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import redis

from app.errors import QueueUnavailable
from app.infrastructure.celery.queues import RedisQueues, signs_of_life
from app.infrastructure.celery.topology import QUEUES
from app.infrastructure.celery.vitals import Vitals, read_vitals
from app.infrastructure.certificates import certificate_fault


@dataclass(frozen=True)
class Layout:
    """How many messages wait and are in flight by queue, and the workers' own reports.

    `lives`: what each node says of its life, None where it has fallen silent.
    """

    waiting: Mapping[str, int]
    in_flight: Mapping[str, int]
    workers: Sequence[Vitals]
    lives: Mapping[str, bytes | None]


def read_layout(client: "redis.Redis") -> Layout:
    """Returns what Redis says now. Raises QueueUnavailable."""
    queues = RedisQueues(client)
    try:
        return Layout(
            waiting={name: queues.waiting(name) for name in QUEUES},
            in_flight=queues.in_flight(),
            workers=read_vitals(client),
            lives=signs_of_life(client),
        )
    except (redis.RedisError, OSError) as error:
        raise QueueUnavailable(certificate_fault(error)) from error
