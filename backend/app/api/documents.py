"""Documents of the registers."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from app.api.answers import DOWN, invalid, not_found
from app.api.desk import DeskOf
from app.api.schemas.documents import DocumentView
from app.api.schemas.fields import (
    WRONG_CURSOR,
    Cursor,
    Limit,
    Page,
    PeriodText,
    Rut,
    page_of,
)
from app.domain.documents import AccountingState, Direction
from app.services.documents import DocumentFilter, list_documents

router = APIRouter(prefix="/companies", tags=["documents"], responses=DOWN)

DocType = Annotated[int | None, Query(ge=1, le=999, description="SII's code.", examples=[33])]


@router.get(
    "/{company_id}/documents",
    summary="List a company's documents",
    responses=not_found("company") | invalid("cursor", WRONG_CURSOR),
)
async def show_documents(
    company_id: UUID,
    desk: DeskOf,
    direction: Direction | None = None,
    period: PeriodText | None = None,
    doc_type: DocType = None,
    counterpart_rut: Rut | None = None,
    accounting_state: AccountingState | None = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[DocumentView]:
    """Newest first. Keep the filters when you ask for the next page."""
    wanted = DocumentFilter(
        direction=direction,
        period=period,
        doc_type=doc_type,
        counterpart_rut=counterpart_rut,
        accounting_state=accounting_state,
    )
    return await desk.transact(
        lambda session: page_of(
            DocumentView.of,
            list_documents(session, company_id, wanted, limit=limit, cursor=cursor),
        )
    )
