"""CELERY_QUEUE_SLOTS is refused where it could not be kept, also without the entrypoint."""

from collections.abc import Callable

import pytest

from app.infrastructure.celery.checks import slot_faults
from app.infrastructure.celery.topology import TOPOLOGIES


@pytest.mark.parametrize("worker", [w for t in TOPOLOGIES.values() for w in t], ids=str)
def test_the_slots_of_every_declared_worker_are_fine(worker) -> None:
    slots = ",".join(f"{queue}:{most}" for queue, most in worker.slots.items())
    assert slot_faults(slots, worker.queues, worker.concurrency) == []


@pytest.mark.parametrize(
    ("slots", "fault"),
    [
        ("high", "holds 'high'"),
        ("high:", "holds 'high:'"),
        ("high:0", "holds 'high:0'"),
        ("high:-1", "holds 'high:-1'"),
        ("high:many", "holds 'high:many'"),
        ("low:1", "names low, which this worker does not consume"),
        ("high:1,high:2", "names high twice"),
        ("high:4", "gives high:4, more than the 3 slots"),
    ],
)
def test_slots_that_cannot_be_kept_are_named(slots: str, fault: str) -> None:
    (found,) = slot_faults(slots, ("high", "default"), 3)
    assert fault in found


def test_a_worker_with_such_slots_ends_with_the_sentence(start_worker: Callable) -> None:
    worker = start_worker("default", "default", ready=False, CELERY_QUEUE_SLOTS="default:3")
    assert worker.process.wait(30) == 64
    assert "CELERY_QUEUE_SLOTS gives default:3, more than the 2 slots" in worker.log
