"""Boletas de honorarios."""

from uuid import UUID

from fastapi import APIRouter

from app.api.answers import DOWN, invalid, not_found
from app.api.desk import DeskOf
from app.api.documents import Vanished
from app.api.schemas.fees import FeeView
from app.api.schemas.fields import WRONG_CURSOR, Cursor, Limit, Page, PeriodText, Rut, page_of
from app.domain.fees import FeeStatus
from app.services.fees import FeeFilter, list_fees

router = APIRouter(prefix="/companies", tags=["documents"], responses=DOWN)


@router.get(
    "/{company_id}/fees",
    summary="List the boletas de honorarios that a company received",
    responses=not_found("company") | invalid("cursor", WRONG_CURSOR),
)
async def show_fees(
    company_id: UUID,
    desk: DeskOf,
    period: PeriodText | None = None,
    issuer_rut: Rut | None = None,
    status: FeeStatus | None = None,
    vanished: Vanished = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[FeeView]:
    """Newest first. Keep the filters when you ask for the next page."""
    wanted = FeeFilter(period=period, issuer_rut=issuer_rut, status=status, vanished=vanished)
    return await desk.transact(
        lambda session: page_of(
            FeeView.model_validate,
            list_fees(session, company_id, wanted, limit=limit, cursor=cursor),
        )
    )
