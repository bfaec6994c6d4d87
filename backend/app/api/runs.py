"""Runs: how far one is, and which there were."""

import asyncio
from collections.abc import AsyncIterable
from contextlib import suppress
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from fastapi.sse import EventSourceResponse, ServerSentEvent

from app.api.answers import DOWN, invalid, not_found
from app.api.desk import DeskOf
from app.api.schemas.fields import WRONG_CURSOR, Cursor, Limit, Page, page_of
from app.api.schemas.runs import QueueName, RunState, RunView
from app.api.stopping import is_stopping
from app.errors import DatabaseUnavailable
from app.services.run_history import RunFilter, list_runs
from app.services.runs import find_run

router = APIRouter(prefix="/runs", tags=["runs"], responses=DOWN)
ONE_RUN = not_found("run") | invalid("run_id", "Input should be a valid UUID")
LOOK_AGAIN = 1.0  # s

TaskName = Annotated[
    str | None,
    Query(max_length=80, pattern=r"^[a-z0-9_.]+$", examples=["sii.sync_documents"]),
]


@router.get(
    "/{run_id}",
    summary="Show a run",
    responses=ONE_RUN,
)
async def show_run(run_id: UUID, desk: DeskOf) -> RunView:
    """With its progress while it works, and with its result or error once it has ended."""
    return await desk.transact(lambda session: RunView.of(find_run(session, run_id)))


@router.get(
    "/{run_id}/events",
    summary="Follow a run",
    response_class=EventSourceResponse,
    responses=ONE_RUN,
)
async def follow_run(
    seen: Annotated[RunView, Depends(show_run)], desk: DeskOf
) -> AsyncIterable[ServerSentEvent]:
    """Server-sent events named `run`: the run as `Show a run` has it, at once and whenever it has
    changed. The stream ends when the run has; an `EventSource` is to be closed then, or it asks
    again. So it should where the API stops before: the stream ends, and the run has not. While
    Postgres is away nothing is said.
    """
    run = seen
    yield ServerSentEvent(event="run", data=run)
    while run.finished_at is None and not is_stopping():
        await asyncio.sleep(LOOK_AGAIN)
        with suppress(DatabaseUnavailable):
            run = await show_run(run.id, desk)
        if run != seen:
            yield ServerSentEvent(event="run", data=run)
            seen = run


@router.get("", summary="List runs", responses=invalid("cursor", WRONG_CURSOR))
async def show_runs(
    desk: DeskOf,
    company_id: UUID | None = None,
    state: RunState | None = None,
    task: TaskName = None,
    queue: QueueName | None = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[RunView]:
    """Newest first. Finished runs are kept for 90 days."""
    wanted = RunFilter(company_id=company_id, state=state, task=task, queue=queue)
    return await desk.transact(
        lambda session: page_of(RunView.of, list_runs(session, wanted, limit=limit, cursor=cursor))
    )
