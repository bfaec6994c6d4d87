"""Documents of the registers."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from app.api.answers import DOWN, invalid, not_found
from app.api.desk import DeskOf
from app.api.schemas.document_totals import DocumentTotalsView
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
from app.services.document_totals import document_totals
from app.services.documents import DocumentFilter, list_documents
from app.services.fees import fee_totals

router = APIRouter(prefix="/companies", tags=["documents"], responses=DOWN)

DocType = Annotated[int | None, Query(ge=1, le=999, description="SII's code.", examples=[33])]

Vanished = Annotated[
    bool | None, Query(description="true: only what SII no longer shows; false: only what it does.")
]


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
    vanished: Vanished = None,
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
        vanished=vanished,
    )
    return await desk.transact(
        lambda session: page_of(
            DocumentView.of,
            list_documents(session, company_id, wanted, limit=limit, cursor=cursor),
        )
    )


@router.get(
    "/{company_id}/documents/totals",
    summary="Sum up a company's documents of one period",
    responses=not_found("company") | invalid("period", "Field required"),
)
async def show_document_totals(
    company_id: UUID, desk: DeskOf, period: PeriodText
) -> DocumentTotalsView:
    """Every register and accounting state, by type, beside SII's own summary.

    Where a difference is not 0, our books are not SII's: sync the period again. Documents that
    SII no longer shows do not count. Boletas de honorarios stand in no register and so apart.
    """
    return await desk.transact(
        lambda session: DocumentTotalsView.of(
            period,
            document_totals(session, company_id, period),
            fee_totals(session, company_id, period),
        )
    )
