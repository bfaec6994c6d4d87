"""What every platform tells a worker by the same variables, read as `topology.py` declares it."""

from collections.abc import Mapping
from typing import Any

from app.infrastructure.celery.topology import Worker
from tests.topology.amounts import whole


def worker_from(environment: Mapping[str, str], **resources: Any) -> Worker:
    """Returns the worker that these variables describe.

    `resources` are the fields that each platform writes in its own way: image, memory_mib,
    shm_mib and grace_seconds.
    """
    slots = [
        pair.partition(":") for pair in environment.get("CELERY_QUEUE_SLOTS", "").split(",") if pair
    ]
    return Worker(
        name=environment["CELERY_WORKER_NAME"],
        queues=tuple(environment["CELERY_QUEUES"].split(",")),
        concurrency=whole(environment["CELERY_CONCURRENCY"]),
        max_tasks_per_child=whole(environment["CELERY_MAX_TASKS_PER_CHILD"]),
        slots={queue: whole(most) for queue, _, most in slots},
        soft_shutdown_seconds=whole(environment["CELERY_SOFT_SHUTDOWN_SECONDS"]),
        **resources,
    )
