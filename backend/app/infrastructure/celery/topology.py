"""What exists: queues, tasks, workers and the three topologies. Nothing here imports Celery.

Compose, Helm and Railway files are written by hand; tests read what their tools resolve and
compare it with these values (docs/architecture.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Image = Literal["slim", "selenium"]

VISIBILITY_TIMEOUT = 7200  # s; longer than the longest run plus the longest wait for a retry
STARTED_IN_TIME = 0.99  # the share of a queue's runs that start within its `wait_objective`


@dataclass(frozen=True)
class Queue:
    """Where runs wait. Limits in seconds hold for every task of the queue that asks for no less."""

    name: str
    soft_time_limit: int
    time_limit: int
    wait_objective: int  # s; deploy/helm/monitoring/rules/objectives.yaml alerts by the same
    needs_chrome: bool = False


@dataclass(frozen=True)
class Worker:
    """One deployed consumer. `queues` in the order in which they are asked."""

    name: str
    queues: tuple[str, ...]
    concurrency: int
    max_tasks_per_child: int
    image: Image
    memory_mib: int
    slots: Mapping[str, int] = field(default_factory=dict)  # most slots a queue may take
    shm_mib: int = 0
    soft_shutdown_seconds: int = 20
    grace_seconds: int = 60


QUEUES: Mapping[str, Queue] = {
    queue.name: queue
    for queue in (
        Queue("high", soft_time_limit=20, time_limit=30, wait_objective=10),
        Queue("default", soft_time_limit=280, time_limit=330, wait_objective=300),
        Queue(
            "low", soft_time_limit=1740, time_limit=1800, wait_objective=6 * 3600, needs_chrome=True
        ),
    )
}

# Every product task and its queue: the declaration that registered tasks and routes must match.
TASKS: dict[str, str] = {
    "notifications.process_pending": "high",
    "notifications.sync_calendar": "high",
    "notifications.process_template_notification": "default",
    "calendar.sync_company": "default",
    "calendar.sync_all_companies": "default",
    "calendar.activate_mandatory_events": "default",
    "calendar.assign_auto_notifications": "default",
    "memory.save_user_memories": "default",
    "memory.save_company_memories": "default",
    "memory.save_onboarding_memories": "default",
    "whatsapp.cleanup_old_sessions": "default",
    "sii.sync_documents": "low",
    "sii.sync_documents_all_companies": "low",
    "sii.sync_f29": "low",
    "sii.sync_f29_all_companies": "low",
    "sii.sync_f29_pdfs_missing": "low",
    "sii.sync_f29_pdfs_missing_all_companies": "low",
}

# What the machinery needs, shown apart.
SYSTEM_TASKS: dict[str, str] = {
    "system.probe": "default",
    "system.forget_memories": "default",  # asked for by the API
    "system.reconcile": "high",  # takes a second, and must not wait behind what it looks after
}

_SLOW = Worker(
    "slow", ("low",), concurrency=1, max_tasks_per_child=10, image="selenium",
    memory_mib=1536, shm_mib=512,
)  # fmt: skip

TOPOLOGIES: Mapping[str, tuple[Worker, ...]] = {
    "one": (
        Worker(
            "all", ("high", "default", "low"), concurrency=4, max_tasks_per_child=50,
            image="selenium", memory_mib=2048, shm_mib=512,
            slots={"high": 3, "default": 2, "low": 1},
        ),
    ),
    "two": (
        Worker(
            "fast", ("high", "default"), concurrency=3, max_tasks_per_child=50,
            image="slim", memory_mib=512, slots={"high": 3, "default": 2},
        ),
        _SLOW,
    ),
    "three": (
        Worker(
            "high", ("high",), concurrency=2, max_tasks_per_child=50, image="slim", memory_mib=384
        ),
        Worker(
            "default", ("default",), concurrency=2, max_tasks_per_child=50, image="slim",
            memory_mib=384,
        ),
        _SLOW,
    ),
}  # fmt: skip
