"""Boletas per day."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from app.api.answers import DOWN, invalid, not_found
from app.api.desk import DeskOf
from app.api.schemas.boletas import DailyBoletasView
from app.api.schemas.fields import WRONG_CURSOR, Cursor, Limit, Page, PeriodText, page_of
from app.services.boletas import list_boletas

router = APIRouter(prefix="/companies", tags=["documents"], responses=DOWN)

BoletaType = Annotated[int | None, Query(ge=1, le=999, description="39 or 48.", examples=[39])]


@router.get(
    "/{company_id}/boletas",
    summary="List a company's boletas per day",
    responses=not_found("company") | invalid("cursor", WRONG_CURSOR),
)
async def show_boletas(
    company_id: UUID,
    desk: DeskOf,
    period: PeriodText | None = None,
    doc_type: BoletaType = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[DailyBoletasView]:
    """Newest first. Keep the filters when you ask for the next page.

    They are part of the sales: the totals of a period count them there.
    """
    return await desk.transact(
        lambda session: page_of(
            DailyBoletasView.model_validate,
            list_boletas(
                session, company_id, period=period, doc_type=doc_type, limit=limit, cursor=cursor
            ),
        )
    )
