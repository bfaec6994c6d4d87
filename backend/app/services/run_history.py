"""Pages of runs, newest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, select, tuple_
from sqlalchemy.orm import Session

from app.infrastructure.db.models import Run
from app.services.cursors import cut_page, decode_cursor


@dataclass(frozen=True)
class RunFilter:
    """Which runs; None leaves a column open."""

    company_id: UUID | None = None
    state: str | None = None
    task: str | None = None
    queue: str | None = None


def list_runs(
    session: Session, wanted: RunFilter, *, limit: int, cursor: str | None = None
) -> tuple[Sequence[Run], str | None]:
    """Returns a page of runs, and the cursor of the next one. Raises InvalidInput."""
    query = _matching(wanted).order_by(Run.queued_at.desc(), Run.id.desc()).limit(limit + 1)
    if cursor:
        last = decode_cursor(cursor, _aware, UUID)
        query = query.where(tuple_(Run.queued_at, Run.id) < tuple_(*last))
    found = session.scalars(query).all()
    return cut_page(found, limit, lambda one: (one.queued_at, one.id))


def _matching(wanted: RunFilter) -> Select[tuple[Run]]:
    query = select(Run)
    if wanted.company_id is not None:
        query = query.where(Run.company_id == wanted.company_id)
    if wanted.state is not None:
        query = query.where(Run.state == wanted.state)
    if wanted.task is not None:
        query = query.where(Run.task == wanted.task)
    if wanted.queue is not None:
        query = query.where(Run.queue == wanted.queue)
    return query


def _aware(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(text)
    return moment
