"""Probes: one harmless run per queue, and whether the worker that should has run it."""

import time
from collections.abc import Collection, Iterable, Mapping
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.infrastructure.db.models import Run
from app.services.outbox import Outbox
from app.services.runs import enqueue

INTERVAL = 0.2  # s between two looks at the table


def send_probes(session: Session, outbox: Outbox, queues: Iterable[str]) -> dict[UUID, str]:
    """Starts a probe in each of `queues`. Returns the runs' ids with their queues."""
    sent = {}
    for queue in queues:
        run, _ = enqueue(session, outbox, task="system.probe", kwargs={}, queue=queue)
        sent[run.id] = queue
    return sent


def await_probes(
    sessions: sessionmaker[Session], ids: Collection[UUID], patience: float
) -> Mapping[UUID, Run]:
    """Returns the probes' rows by id once all have ended, or as they are after `patience` s."""
    deadline = time.monotonic() + patience
    while True:
        with sessions() as session:
            rows = session.scalars(select(Run).where(Run.id.in_(ids))).all()
        if all(run.finished_at for run in rows) or time.monotonic() > deadline:
            return {run.id: run for run in rows}
        time.sleep(INTERVAL)


def probe_fault(run: Run, workers: Collection[str]) -> str | None:
    """Returns a sentence where none of `workers` has run the probe to its end, else None."""
    by = f"Queue {run.queue}: the probe (run {run.id})"
    wanted = " or ".join(workers)
    if run.finished_at is None and run.started_at is None:
        return (
            f"{by} still waits; check that worker {wanted} is up, consumes {run.queue} and is not"
            " busy with long runs (`fiscal status`)."
        )
    if run.finished_at is None:
        return f"{by} is still {run.state} on {run.worker}; look at that worker's log."
    if run.state != "succeeded":
        return f"{by} {run.state} on {run.worker}: {run.error_code}: {run.error_message}"
    if str(run.worker).partition("@")[0] not in workers:
        return (
            f"{by} was run by {run.worker}, not by {wanted}; check CELERY_QUEUES of both, and"
            " whether workers of another topology are alive (`fiscal status`)."
        )
    return None
