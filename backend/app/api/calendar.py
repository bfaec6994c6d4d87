"""A company's tax calendar: its events, its obligations and the facts behind them."""

from datetime import UTC, date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query

from app.api.answers import DOWN, invalid, not_found
from app.api.desk import DeskOf
from app.api.schemas.calendar import (
    EventChange,
    EventStatus,
    EventView,
    ObligationSwitch,
    ObligationView,
    TaxInfo,
    TaxInfoView,
)
from app.api.schemas.fields import WRONG_CURSOR, Cursor, Limit, Page, page_of
from app.domain.periods import day_in_chile
from app.services import calendar_events, obligations, tax_info

router = APIRouter(prefix="/companies", tags=["calendar"], responses=DOWN)

NO_UUID = invalid("company_id", "Input should be a valid UUID")
Code = Annotated[str, Path(pattern=r"^[a-z0-9_]{1,32}$", examples=["f29"])]
FirstDay = Annotated[date | None, Query(alias="from", description="The first due date.")]
LastDay = Annotated[date | None, Query(alias="to", description="The last due date.")]


@router.get(
    "/{company_id}/events",
    summary="List what is due",
    responses=not_found("company") | invalid("cursor", WRONG_CURSOR),
)
async def list_events(
    company_id: UUID,
    desk: DeskOf,
    status: EventStatus | None = None,
    first_day: FirstDay = None,
    last_day: LastDay = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[EventView]:
    """By due date. Keep the filters when you ask for the next page."""
    wanted = calendar_events.EventFilter(status, first_day, last_day)
    return await desk.transact(
        lambda session: page_of(
            EventView.of,
            calendar_events.list_events(session, company_id, wanted, limit=limit, cursor=cursor),
        )
    )


@router.patch(
    "/{company_id}/events/{event_id}",
    summary="Say what became of an event",
    responses=not_found("event") | invalid("status", "Input should be 'completed'"),
)
async def mark_event(
    company_id: UUID, event_id: UUID, body: EventChange, desk: DeskOf
) -> EventView:
    """Its reminders are cancelled unless it is open again. No sync changes what was said here."""
    today = day_in_chile(datetime.now(UTC))
    return await desk.transact(
        lambda session: EventView.of(
            calendar_events.mark_event(
                session, company_id, event_id, status=body.status, today=today
            )
        )
    )


@router.get(
    "/{company_id}/obligations",
    summary="List obligations",
    responses=not_found("company") | NO_UUID,
)
async def list_obligations(company_id: UUID, desk: DeskOf) -> list[ObligationView]:
    """Every one that is known here, with its source, and whether the company follows it."""
    return await desk.transact(
        lambda session: [
            ObligationView.of(one) for one in obligations.list_obligations(session, company_id)
        ]
    )


@router.get(
    "/{company_id}/obligations/{code}",
    summary="Show an obligation",
    responses=not_found("obligation") | NO_UUID,
)
async def show_obligation(company_id: UUID, code: Code, desk: DeskOf) -> ObligationView:
    """As the company has it."""
    return await desk.transact(
        lambda session: ObligationView.of(obligations.find_obligation(session, company_id, code))
    )


@router.put(
    "/{company_id}/obligations/{code}",
    summary="Switch an obligation on or off",
    responses=not_found("obligation") | invalid("is_active", "previred does not apply."),
)
async def switch_obligation(
    company_id: UUID, code: Code, body: ObligationSwitch, desk: DeskOf
) -> ObligationView:
    """The calendar follows within seconds: what is open is cancelled, or comes back.

    What was switched off here stays off, whatever the company's facts say.
    """
    return await desk.start(
        lambda session, outbox: ObligationView.of(
            obligations.switch_obligation(
                session, outbox, company_id, code, is_active=body.is_active
            )[0]
        )
    )


@router.get(
    "/{company_id}/tax-info",
    summary="Show the facts behind the calendar",
    responses=not_found("company") | NO_UUID,
)
async def show_tax_info(company_id: UUID, desk: DeskOf) -> TaxInfoView:
    """What SII's home page said, and what was set here."""
    return await desk.transact(
        lambda session: TaxInfoView.of(tax_info.find_tax_info(session, company_id))
    )


@router.put(
    "/{company_id}/tax-info",
    summary="Set the facts behind the calendar",
    responses=not_found("company") | invalid("f29_due_day", "Input should be 12 or 20"),
)
async def set_tax_info(company_id: UUID, body: TaxInfo, desk: DeskOf) -> TaxInfoView:
    """Replaces all of them; what is left out is unknown. The calendar follows within seconds.

    Obligations that now apply are switched on, except those that somebody has switched off.
    """
    return await desk.start(
        lambda session, outbox: TaxInfoView.of(
            tax_info.change_tax_info(session, outbox, company_id, body.model_dump())[0]
        )
    )
