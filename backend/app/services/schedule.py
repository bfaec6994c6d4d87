"""Runs that beat asks for: one per entry and due time, and only the newest of those that wait."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import func, update
from sqlalchemy.orm import Session

from app.infrastructure.db.models import Run
from app.services.outbox import Outbox
from app.services.runs import enqueue

_NAMESPACE = UUID("0f0d3f4e-9a55-4a3c-9c0e-2f5d8a7b6c11")  # any fixed one


def enqueue_scheduled(
    session: Session,
    outbox: Outbox,
    *,
    entry: str,
    last_run_at: datetime,
    task: str,
    kwargs: dict[str, Any],
    queue: str | None,
    expires_at: datetime | None,
) -> Run:
    """Records the run of an entry that is due, and takes the place of those that still wait.

    `last_run_at` tells one firing from the next: a beat that died after the commit fires again
    when it is back, and finds this run.
    """
    before = f"beat:{entry}@"
    key = f"{before}{last_run_at.isoformat()}"
    session.execute(
        update(Run)
        .where(Run.state == "queued", func.starts_with(Run.dedupe_key, before))
        .where(Run.dedupe_key != key)
        .values(state="superseded", finished_at=func.clock_timestamp())
    )
    run, _ = enqueue(
        session,
        outbox,
        task=task,
        kwargs=kwargs,
        queue=queue,
        dedupe_key=key,
        run_id=uuid5(_NAMESPACE, key),
        expires_at=expires_at,
    )
    return run
