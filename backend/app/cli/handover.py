"""`fiscal hand-over`: what the chart asks a worker's pod before it stops."""

import os
import socket

import click
import redis

from app.errors import ConfigurationError
from app.infrastructure.celery.handover import await_successors
from app.infrastructure.health import impatient_redis
from app.settings import get_settings


def hand_over(patience: float) -> None:
    """Waits, for `patience` s at most, until others consume this worker's queues; says what of it.

    Reads CELERY_WORKER_NAME and CELERY_QUEUES as the entrypoint does. Never fails for Redis: a pod
    that is to stop has to stop.
    """
    name, queues = os.environ.get("CELERY_WORKER_NAME"), os.environ.get("CELERY_QUEUES")
    if not name or not queues:
        raise ConfigurationError(
            "CELERY_WORKER_NAME and CELERY_QUEUES are not set; `fiscal hand-over` runs beside a"
            " worker, in its container."
        )
    node = f"{name}@{socket.gethostname()}"
    try:
        with impatient_redis(get_settings().require("redis_url"), 3) as client:
            alone = await_successors(client, node, queues.split(","), patience)
    except redis.RedisError as error:
        click.echo(f"hand-over: Redis does not say who else consumes: {error}", err=True)
        return
    if alone:
        click.echo(f"hand-over: after {patience:g} s nobody else consumes {', '.join(alone)}")
