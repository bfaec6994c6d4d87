"""What each worker says of itself in Redis, for a few seconds at a time: slots, CPU, memory.

Written by the worker (reporter.py), read by the role `metrics`. A worker that dies is silent soon.
Imports nothing of Celery, so that any process may read.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import redis

from app.infrastructure.celery.queues import nodes_of
from app.infrastructure.processes import Process

INTERVAL = 5.0  # s between two reports
EXPIRY = 15.0  # s that one is worth anything
DRIVER = "chromedriver"  # there is one per browser


@dataclass(frozen=True)
class Usage:
    """What a worker's processes take: CPU in seconds since their start, memory (RSS) in bytes.

    By part: `main`, `children` (the pool), and `browsers` (Chrome and its driver). Memory that
    processes share counts in each. The browsers' CPU is that of the children, who start them.
    """

    cpu: Mapping[str, float]
    memory: Mapping[str, int]
    browsers: int


@dataclass(frozen=True)
class Vitals:
    """A worker's report. `slots`: the most that a queue may take; none said is no limit."""

    node: str
    queues: Sequence[str]
    concurrency: int
    slots: Mapping[str, int]
    taken: Mapping[str, int]
    usage: Usage

    @property
    def worker(self) -> str:
        """The worker's name in the topology."""
        return self.node.split("@")[0]

    def free(self, queue: str) -> int:
        """Returns how many runs of `queue` this worker could begin now."""
        if queue not in self.queues:
            return 0
        idle = self.concurrency - sum(self.taken.values())
        limit = self.slots.get(queue, self.concurrency) - self.taken.get(queue, 0)
        return max(min(idle, limit), 0)


def usage_of(family: Sequence[Process]) -> Usage:
    """Returns what a main process, the first of `family`, and its descendants take."""
    main, others = family[0], family[1:]
    chrome = [each for each in others if each.name.startswith("chrom")]
    pool = [each for each in others if not each.name.startswith("chrom")]
    return Usage(
        cpu={
            "main": main.cpu,
            # With what those took that have ended: a recycled child's time is not forgotten.
            "children": main.reaped_cpu + sum(each.cpu + each.reaped_cpu for each in others),
        },
        memory={
            "main": main.memory,
            "children": sum(each.memory for each in pool),
            "browsers": sum(each.memory for each in chrome),
        },
        browsers=sum(each.name == DRIVER for each in chrome),
    )


def say_vitals(client: "redis.Redis", vitals: Vitals) -> None:
    """Publishes a report for EXPIRY seconds. Raises redis-py's errors."""
    client.set(_key(vitals.node), json.dumps(asdict(vitals)), px=int(EXPIRY * 1000))


def read_vitals(client: "redis.Redis") -> list[Vitals]:
    """Returns the reports that are still worth something. Raises redis-py's errors."""
    nodes = nodes_of(client)
    found: Any = client.mget([_key(node) for node in nodes]) if nodes else []
    reports = [_parsed(report) for report in found if report is not None]
    return [report for report in reports if report is not None]


def _parsed(report: bytes) -> Vitals | None:
    fields = json.loads(report)
    try:
        return Vitals(**fields | {"usage": Usage(**fields["usage"])})
    except (TypeError, KeyError):
        return None  # of another version, in a rollout


def _key(node: str) -> str:
    return f"vitals:{node}"
