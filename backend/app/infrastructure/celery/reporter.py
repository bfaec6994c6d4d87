"""Publishes a worker's vitals, in the consumer's own loop; a walk through /proc takes a millisecond
or two."""

import logging
import os
import time
from collections import Counter
from typing import Any

import redis
from celery import bootsteps
from celery.worker import state

from app.infrastructure.celery.lanes import parse_slots
from app.infrastructure.celery.recovery import PATIENCE, TICK
from app.infrastructure.celery.vitals import INTERVAL, Usage, Vitals, say_vitals, usage_of
from app.infrastructure.health import impatient_redis
from app.infrastructure.processes import family
from app.settings import get_settings

logger = logging.getLogger(__name__)


class Reporter(bootsteps.StartStopStep):
    """Reports each INTERVAL while the consumer consumes."""

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, parent: Any, **_: Any) -> None:
        self.entry: Any = None
        self.cpu: dict[str, float] = {}
        super().__init__(parent)

    def start(self, parent: Any) -> None:
        """Reports at once and then again and again."""
        client = impatient_redis(get_settings().require("redis_url"), PATIENCE)
        self.report(parent, client)
        self.entry = parent.timer.call_repeatedly(INTERVAL, self.report, (parent, client))

    def stop(self, parent: Any) -> None:  # noqa: ARG002 (Celery's signature)
        """Falls silent with the connection."""
        if self.entry is not None:
            self.entry.cancel()
            self.entry = None

    def report(self, consumer: Any, client: "redis.Redis") -> None:
        """Publishes what is so now; nothing where recovery.py has just met a silent Redis, for
        which the loop need not stand still twice."""
        if time.monotonic() - consumer.alive_at > 2 * TICK:
            return
        try:
            say_vitals(client, self._vitals(consumer))
        except (redis.RedisError, OSError) as error:
            logger.warning("Redis does not take this worker's vitals: %s", type(error).__name__)

    def _vitals(self, consumer: Any) -> Vitals:
        requests = tuple(state.reserved_requests)
        usage = usage_of(family(os.getpid()))
        # A process that ends in nobody's care takes its share along; a counter never falls.
        self.cpu = {part: max(now, self.cpu.get(part, 0.0)) for part, now in usage.cpu.items()}
        return Vitals(
            node=consumer.hostname,
            queues=list(consumer.app.amqp.queues.consume_from),
            concurrency=consumer.pool.num_processes,
            slots=parse_slots(get_settings().celery_queue_slots),
            taken=dict(Counter(request.delivery_info["routing_key"] for request in requests)),
            usage=Usage(self.cpu, usage.memory, usage.browsers),
        )
