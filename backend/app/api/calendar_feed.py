"""The calendar on a phone: a link with a token of its own, since phones send no headers."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from app.api.answers import DOWN, invalid, not_found
from app.api.desk import DeskOf
from app.api.schemas.calendar import FeedLink
from app.domain.periods import day_in_chile
from app.services import calendar_feed

router = APIRouter(prefix="/companies", tags=["calendar"], responses=DOWN)
open_router = APIRouter(prefix="/companies", tags=["calendar"], responses=DOWN)
NO_UUID = invalid("company_id", "Input should be a valid UUID")
MEDIA_TYPE = "text/calendar"

Token = Annotated[str, Query(pattern=r"^[A-Za-z0-9_-]{43}$", description="From the link.")]


@router.post(
    "/{company_id}/calendar-link",
    status_code=HTTPStatus.CREATED,
    summary="Make the link of a calendar",
    responses=not_found("company") | NO_UUID,
)
async def make_link(company_id: UUID, desk: DeskOf) -> FeedLink:
    """For a phone to subscribe to. The company's link before this one stops working."""
    token = await desk.transact(lambda session: calendar_feed.make_feed(session, company_id))
    return FeedLink(path=f"/v1/companies/{company_id}/calendar.ics?token={token}")


@router.delete(
    "/{company_id}/calendar-link",
    status_code=HTTPStatus.NO_CONTENT,
    summary="Revoke the link of a calendar",
    responses=not_found("company") | NO_UUID,
)
async def revoke_link(company_id: UUID, desk: DeskOf) -> Response:
    """Whoever has subscribed reads nothing any more."""
    await desk.transact(lambda session: calendar_feed.revoke_feed(session, company_id))
    return Response(status_code=HTTPStatus.NO_CONTENT)


@open_router.get(
    "/{company_id}/calendar.ics",
    summary="Read a calendar as iCalendar",
    response_class=Response,
    responses=not_found("such calendar")
    | invalid("token", "String should match pattern")
    | {200: {"description": "The calendar.", "content": {MEDIA_TYPE: {}}}},
)
async def read_calendar(company_id: UUID, token: Token, desk: DeskOf) -> Response:
    """What is due, and what was in the last three months. Needs no key but the link's token."""
    today = day_in_chile(datetime.now(UTC))
    calendar = await desk.transact(
        lambda session: calendar_feed.read_feed(session, company_id, token, today=today)
    )
    return Response(
        calendar,
        media_type=f"{MEDIA_TYPE}; charset=utf-8",
        headers={"Cache-Control": "private, max-age=3600", "Referrer-Policy": "no-referrer"},
    )
