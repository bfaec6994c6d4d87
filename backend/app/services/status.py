"""What the bundle is doing now: queues, workers, the last runs. Plain data; the CLI draws it."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from app.infrastructure.db.models import Company, Run


class Queues(Protocol):
    """The two questions that are asked of Redis."""

    def waiting(self, queue: str) -> int:
        """Returns how many messages wait in a queue."""

    def in_flight(self) -> Mapping[str, int]:
        """Returns how many messages of each queue are with a worker, by the queue's name."""


@dataclass(frozen=True)
class QueueStatus:
    """How many runs wait in a queue, and how many a worker has taken from it."""

    name: str
    waiting: int
    in_flight: int


@dataclass(frozen=True)
class WorkerStatus:
    """A living worker, by its node name such as fast@3f2a."""

    node: str
    queues: tuple[str, ...]

    @property
    def name(self) -> str:
        """The worker's name in the topology."""
        return self.node.split("@")[0]


@dataclass(frozen=True)
class RunStatus:
    """One run as the table shows it; `took` up to now where it still runs."""

    id: UUID
    task: str | None
    company: str | None
    state: str
    worker: str | None
    waited: timedelta | None
    took: timedelta | None
    error_code: str | None


def read_queues(queues: Queues, names: Sequence[str]) -> list[QueueStatus]:
    """Returns each queue's depth and what is in flight. Raises redis-py's errors."""
    fetched = queues.in_flight()
    return [QueueStatus(name, queues.waiting(name), fetched.get(name, 0)) for name in names]


def read_workers(
    ask: Callable[[], Mapping[str, Sequence[Mapping[str, Any]]]],
) -> list[WorkerStatus]:
    """Returns the workers that answer, by name. `ask` is Celery's `inspect.active_queues`."""
    return [
        WorkerStatus(node, tuple(str(queue["name"]) for queue in queues))
        for node, queues in sorted(ask().items())
    ]


def read_channels_off(
    ask: Callable[[], Sequence[Mapping[str, Any]]],
) -> dict[str, list[str]]:
    """Returns the channels that are off, with the nodes that say so.

    `ask` is Celery's broadcast of `channels_off`; a worker that is too old to know it is left out.
    """
    off: dict[str, list[str]] = {}
    for answers in ask():
        for node, names in answers.items():
            for name in names if isinstance(names, list) else ():
                off.setdefault(name, []).append(node)
    return {name: sorted(nodes) for name, nodes in sorted(off.items())}


def mixed_topologies(
    workers: Sequence[WorkerStatus], topologies: Mapping[str, Collection[str]]
) -> dict[str, list[str]]:
    """Returns, where no single topology has all living workers, what must stop for each choice.

    The result maps a topology to the names that do not belong to it. The choices are those that
    are complete; where none is, all with a living worker. It is empty where all is well.
    `topologies` maps a topology to its workers' names. A worker that is in none of them is the
    user's own, and goes with each.
    """
    known = {name for members in topologies.values() for name in members}
    alive = {worker.name for worker in workers} & known
    complete = whole_topologies(workers, topologies)
    begun = [name for name, members in topologies.items() if alive & set(members)]
    if any(alive <= set(topologies[name]) for name in begun):
        return {}
    return {name: sorted(alive - set(topologies[name])) for name in complete or begun}


def whole_topologies(
    workers: Sequence[WorkerStatus], topologies: Mapping[str, Collection[str]]
) -> list[str]:
    """Returns the topologies all of whose workers live; more than one only in a mixture."""
    alive = {worker.name for worker in workers}
    return [name for name, members in topologies.items() if alive >= set(members)]


def read_runs(session: Session, now: datetime, limit: int) -> list[RunStatus]:
    """Returns the runs asked for last, newest first. Raises SQLAlchemy's errors."""
    statement = (
        select(Run, Company.business_name)
        .outerjoin(Company, Company.id == Run.company_id)
        # The reconciler has a run every half minute: shown only where it has not gone well.
        .where(or_(Run.task.is_distinct_from("system.reconcile"), Run.state == "failed"))
        .order_by(Run.queued_at.desc(), Run.id)
        .limit(limit)
    )
    return [_described(run, company, now) for run, company in session.execute(statement)]


def count_poison(session: Session) -> int:
    """Returns how many runs were given up because their worker died each time."""
    poison = select(func.count()).select_from(Run).where(Run.error_code == "poison_run")
    return session.scalar(poison) or 0


def _described(run: Run, company: str | None, now: datetime) -> RunStatus:
    ended_waiting = run.started_at or run.finished_at or now
    return RunStatus(
        id=run.id,
        task=run.task,
        company=company,
        state=run.state,
        worker=run.worker,
        waited=max(ended_waiting - run.queued_at, timedelta(0)),
        took=(run.finished_at or now) - run.started_at if run.started_at else None,
        error_code=run.error_code,
    )
