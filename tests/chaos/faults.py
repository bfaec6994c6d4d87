"""Ways to break a running bundle, by name. Each begins, lasts a while and is lifted; the number
beside its name is that of the hazard in docs/evidence/hazards.md."""

from collections.abc import Callable, Iterator
from functools import partial
from random import Random

from tests.chaos import beats, stores, workers
from tests.integration.stack import Stack

Fault = Callable[[Stack, Random], Iterator[str]]

# By name: the hazards it stands for, what it breaks, and how. What breaks the same thing never
# overlaps: one would find nothing left to break.
FAULTS: dict[str, tuple[str, str, Fault]] = {
    "child killed": ("5", "worker", workers.kill_child),
    "main process killed": ("4", "worker", workers.kill_main_process),
    "container killed": ("4", "worker", workers.kill_container),
    "SIGTERM, short grace": ("24", "worker", partial(workers.stop_worker, grace=2)),
    "SIGTERM, whole grace": ("24", "worker", partial(workers.stop_worker, grace=60)),
    "Redis killed": ("2, 3", "redis", partial(stores.kill_stores, stores=("redis",))),
    "Redis paused": ("19", "redis", partial(stores.pause_redis, least=3, most=25)),
    "Redis paused 90 s": ("19", "redis", partial(stores.pause_redis, least=90, most=90)),
    "Redis back without its disk": ("7, 8", "redis", stores.lose_redis),
    "all clients cut": ("2", "redis", stores.cut_clients),
    "Redis' memory full": ("8", "redis", stores.fill_redis),
    "Postgres killed": ("41", "postgres", partial(stores.kill_stores, stores=("postgres",))),
    "Postgres paused": ("41", "postgres", stores.pause_postgres),
    "both stores killed": (
        "3",
        "redis postgres",
        partial(stores.kill_stores, stores=("redis", "postgres")),
    ),
    "a worker's network cut": ("2, 19", "worker", workers.cut_network),
    "main process stopped": ("43", "worker", workers.stop_main_process),
    "worker paused": ("43", "worker", workers.pause_worker),
    "disk full": ("28", "worker", workers.fill_disk),
    "beat killed": ("37", "beat", beats.kill_beat),
    "two beats": ("34", "beat", beats.second_beat),
    "out of memory": ("28, 29", "worker", workers.memory_runs_out),
    "clock step": ("38", "", workers.step_clock),
    "rolling restart": ("4, 24", "worker", workers.recreate),
    "change of topology": ("15", "worker", workers.change_topology),
}


def others(kind: str) -> list[str]:
    """Returns the faults that may overlap with one of this kind."""
    mine = set(FAULTS[kind][1].split())
    return [name for name, (_, targets, _) in FAULTS.items() if not mine & set(targets.split())]


def inject(stack: Stack, kind: str, chance: Random) -> str:
    """Breaks something and mends it; returns the particulars."""
    fault = FAULTS[kind][2](stack, chance)
    particulars = next(fault)
    for _ in fault:
        raise AssertionError("a fault yields once")
    return particulars
