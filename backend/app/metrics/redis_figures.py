"""Figures out of Redis: queues, and the workers' own reports."""

from collections.abc import Iterable, Sequence

import redis
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from app.infrastructure.celery.queues import RedisQueues, signs_of_life
from app.infrastructure.celery.topology import QUEUES
from app.infrastructure.celery.vitals import Vitals, read_vitals

WORKER = ("worker", "node")


def redis_figures(client: "redis.Redis") -> Sequence[Metric]:
    """Returns what Redis knows now. Raises redis-py's errors."""
    vitals = read_vitals(client)
    return [
        *_memory(client),
        *_queues(RedisQueues(client), vitals),
        *_lives(client),
        *_workers(vitals),
    ]


def _memory(client: "redis.Redis") -> Iterable[Metric]:
    memory = client.info("memory")
    yield GaugeMetricFamily(
        "fiscal_redis_memory_bytes", "Memory that Redis uses.", value=memory["used_memory"]
    )
    yield GaugeMetricFamily(
        "fiscal_redis_memory_limit_bytes",
        "Memory at which Redis takes no message any more; 0 is no limit.",
        value=memory["maxmemory"],
    )


def _queues(queues: RedisQueues, vitals: Sequence[Vitals]) -> Iterable[Metric]:
    waiting = _gauge("fiscal_queue_waiting", "Messages that wait in the queue.", ["queue"])
    in_flight = _gauge("fiscal_queue_in_flight", "Messages that a worker holds.", ["queue"])
    consumers = _gauge("fiscal_queue_consumers", "Living workers that take from it.", ["queue"])
    used = _gauge("fiscal_queue_slots_used", "Slots that its runs take.", ["queue"])
    free = _gauge("fiscal_queue_slots_free", "Runs of it that could begin at once.", ["queue"])
    restored = CounterMetricFamily(
        "fiscal_messages_restored",
        "Messages that were taken from the dead and put back.",
        labels=["queue"],
    )
    held, back = queues.in_flight(), queues.restored()
    for name in QUEUES:
        waiting.add_metric([name], queues.waiting(name))
        in_flight.add_metric([name], held.get(name, 0))
        consumers.add_metric([name], sum(name in each.queues for each in vitals))
        used.add_metric([name], sum(each.taken.get(name, 0) for each in vitals))
        free.add_metric([name], sum(each.free(name) for each in vitals))
        restored.add_metric([name], back.get(name, 0))
    yield from (waiting, in_flight, consumers, used, free, restored)


def _lives(client: "redis.Redis") -> Iterable[Metric]:
    alive = _gauge("fiscal_worker_alive", "1: it gives signs of life; 0: it fell silent.", WORKER)
    draining = _gauge("fiscal_worker_draining", "1: it finishes and takes nothing more.", WORKER)
    for node, sign in signs_of_life(client).items():
        alive.add_metric(_named(node), float(sign is not None))
        draining.add_metric(_named(node), float(sign == b"draining"))
    yield from (alive, draining)


def _workers(vitals: Sequence[Vitals]) -> Iterable[Metric]:
    slots = _gauge("fiscal_worker_slots", "Runs that it may have at once.", WORKER)
    used = _gauge("fiscal_worker_slots_used", "Runs that it has.", WORKER)
    browsers = _gauge("fiscal_worker_browsers", "Browsers that are open.", WORKER)
    memory = _gauge("fiscal_worker_memory_bytes", "Resident memory by part.", [*WORKER, "part"])
    cpu = CounterMetricFamily(
        "fiscal_worker_cpu_seconds", "CPU time by part.", labels=[*WORKER, "part"]
    )
    for each in vitals:
        named = _named(each.node)
        slots.add_metric(named, each.concurrency)
        used.add_metric(named, sum(each.taken.values()))
        browsers.add_metric(named, each.usage.browsers)
        for part, size in each.usage.memory.items():
            memory.add_metric([*named, part], size)
        for part, seconds in each.usage.cpu.items():
            cpu.add_metric([*named, part], seconds)
    yield from (slots, used, browsers, memory, cpu)


def _gauge(name: str, meaning: str, labels: Sequence[str]) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, meaning, labels=labels)


def _named(node: str) -> list[str]:
    return [node.split("@")[0], node]
