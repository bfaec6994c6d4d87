"""Monthly tax returns (F29)."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from sqlalchemy.orm import Session

from app.api.answers import DOWN, invalid, not_found
from app.api.desk import DeskOf
from app.api.schemas.f29 import F29View, NewF29Sync
from app.api.schemas.fields import WRONG_CURSOR, Cursor, Limit, Page, page_of
from app.api.schemas.runs import RunView
from app.services import f29_forms
from app.services.cursors import LARGEST_ID
from app.services.outbox import Outbox
from app.services.pdf_storage import Place

router = APIRouter(prefix="/companies", tags=["f29"], responses=DOWN)

Folio = Annotated[int, Path(ge=1, le=LARGEST_ID, description="SII's number of the return.")]
PeriodYear = Annotated[int | None, Query(ge=2005, le=2100, description="Year of the periods.")]
PDF = "application/pdf"
PDF_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The PDF as SII gave it.",
        "content": {PDF: {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.get(
    "/{company_id}/f29",
    summary="List a company's F29",
    responses=not_found("company") | invalid("cursor", WRONG_CURSOR),
)
async def show_f29(
    company_id: UUID,
    desk: DeskOf,
    year: PeriodYear = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[F29View]:
    """Newest period first, rectified and annulled ones included."""
    return await desk.transact(
        lambda session: page_of(
            F29View.of,
            f29_forms.list_forms(session, company_id, year=year, limit=limit, cursor=cursor),
        )
    )


@router.get(
    "/{company_id}/f29/{folio}/pdf",
    summary="Download the PDF of an F29",
    response_class=Response,
    responses=PDF_ANSWER
    | not_found("PDF of this return")
    | invalid("folio", "Input should be greater than or equal to 1"),
)
async def download_f29(company_id: UUID, folio: Folio, desk: DeskOf) -> Response:
    """404 where there is none (yet); the list's `pdf_status` says why."""
    found = await desk.transact(lambda session: f29_forms.find_pdf(session, company_id, folio))
    if isinstance(found, Place):
        place, stores = found, desk.pdf_stores()
        content = await desk.fetch(lambda: stores.get(place))
    else:
        content = found
    disposition = f'attachment; filename="f29-{folio}.pdf"'
    return Response(content, media_type=PDF, headers={"Content-Disposition": disposition})


@router.post(
    "/{company_id}/f29-syncs",
    status_code=HTTPStatus.ACCEPTED,
    summary="Start a sync of F29 with SII",
    responses=not_found("company") | invalid("year", "year has to be 2005 to 2026."),
)
async def create_f29_sync(
    company_id: UUID, desk: DeskOf, response: Response, body: NewF29Sync | None = None
) -> RunView:
    """Answers at once; the run does the work, and `Location` names it.

    The same request while its run is unfinished gives the same run.
    """
    year = body.year if body else None

    def start(session: Session, outbox: Outbox) -> RunView:
        now = datetime.now(UTC)
        run, _ = f29_forms.start_f29_sync(session, outbox, company_id, year=year, now=now)
        return RunView.of(run)

    run = await desk.start(start)
    response.headers["Location"] = f"/v1/runs/{run.id}"
    return run
