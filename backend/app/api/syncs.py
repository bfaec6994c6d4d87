"""Starting a sync."""

from datetime import UTC, datetime
from http import HTTPStatus
from uuid import UUID

from fastapi import APIRouter, Response
from sqlalchemy.orm import Session

from app.api.answers import DOWN, invalid, not_found
from app.api.desk import DeskOf
from app.api.schemas.runs import NewSync, RunView
from app.domain.periods import Period
from app.services.documents import start_sync
from app.services.outbox import Outbox

router = APIRouter(prefix="/companies", tags=["documents"])


@router.post(
    "/{company_id}/syncs",
    status_code=HTTPStatus.ACCEPTED,
    summary="Start a sync with SII",
    responses=not_found("company")
    | invalid("last_period", "2027-01 lies in the future; the last one is 2026-11.")
    | DOWN,
)
async def create_sync(
    company_id: UUID, desk: DeskOf, response: Response, body: NewSync | None = None
) -> RunView:
    """Answers at once; the run does the work, and `Location` names it.

    The same request while its run is unfinished gives the same run. While Redis is
    down the run is recorded and waits; when Postgres is down, or hangs, the answer is 503 within
    2 s, and no run was made.
    """
    wanted = body or NewSync()
    last_period = Period.parse(wanted.last_period) if wanted.last_period else None

    def start(session: Session, outbox: Outbox) -> RunView:
        run, _ = start_sync(
            session,
            outbox,
            company_id,
            months=wanted.months,
            last_period=last_period,
            now=datetime.now(UTC),
        )
        return RunView.of(run)

    run = await desk.start(start)
    response.headers["Location"] = f"/v1/runs/{run.id}"
    return run
