"""Holidays: the national ones, and those that an operator sets."""

from datetime import date
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.api.answers import DOWN, invalid, not_found
from app.api.desk import DeskOf
from app.api.schemas.calendar import HolidayName, HolidayView
from app.services import holidays

router = APIRouter(prefix="/holidays", tags=["calendar"], responses=DOWN)
WRONG_DAY = invalid("day", "Input should be a valid date in the format YYYY-MM-DD")


@router.get(
    "",
    summary="List a year's holidays",
    responses=invalid("year", "Input should be greater than or equal to 2000"),
)
async def list_holidays(
    desk: DeskOf, year: Annotated[int, Query(ge=2000, le=2100, examples=[2026])]
) -> list[HolidayView]:
    """Saturdays, Sundays and 31 December are no business days either, and not listed."""
    return await desk.transact(
        lambda session: [HolidayView.of(one) for one in holidays.list_holidays(session, year)]
    )


@router.get("/{day}", summary="Show a holiday", responses=not_found("holiday") | WRONG_DAY)
async def show_holiday(day: date, desk: DeskOf) -> HolidayView:
    """National, or set by an operator."""
    return await desk.transact(lambda session: HolidayView.of(holidays.find_holiday(session, day)))


@router.put("/{day}", summary="Make a day a holiday", responses=not_found("holiday") | WRONG_DAY)
async def set_holiday(day: date, body: HolidayName, desk: DeskOf) -> HolidayView:
    """For elections, regional days and laws for one day. Every calendar follows within minutes."""
    return await desk.start(
        lambda session, outbox: HolidayView.of(
            holidays.set_holiday(session, outbox, day, name=body.name)[0]
        )
    )


@router.delete(
    "/{day}",
    status_code=HTTPStatus.NO_CONTENT,
    summary="Make a day an ordinary one again",
    responses=not_found("holiday") | WRONG_DAY,
)
async def delete_holiday(day: date, desk: DeskOf) -> Response:
    """Only those that were set here. Every calendar follows within minutes."""
    await desk.start(lambda session, outbox: holidays.delete_holiday(session, outbox, day))
    return Response(status_code=HTTPStatus.NO_CONTENT)
