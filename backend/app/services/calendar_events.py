"""Events of a company's calendar: list them, and say what became of one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import Select, select, tuple_
from sqlalchemy.orm import Session

from app.errors import NotFound
from app.infrastructure.db.models import CalendarEvent
from app.services.companies import find_company
from app.services.cursors import cut_page, decode_cursor
from app.services.event_changes import OPEN, EventChanges, lock_calendar


@dataclass(frozen=True)
class EventFilter:
    """Which events; None leaves it open. Days are due dates, both included."""

    status: str | None = None
    first_day: date | None = None
    last_day: date | None = None


def list_events(
    session: Session,
    company_id: UUID,
    wanted: EventFilter,
    *,
    limit: int,
    cursor: str | None = None,
) -> tuple[Sequence[CalendarEvent], str | None]:
    """Returns a page of a company's events by due date, and the cursor of the next one.

    Raises NotFound, InvalidInput.
    """
    find_company(session, company_id)
    query = _matching(company_id, wanted).limit(limit + 1)
    if cursor:
        last = decode_cursor(cursor, date.fromisoformat, UUID)
        query = query.where(tuple_(CalendarEvent.due_date, CalendarEvent.id) > tuple_(*last))
    found = session.scalars(query).all()
    return cut_page(found, limit, lambda one: (one.due_date, one.id))


def _matching(company_id: UUID, wanted: EventFilter) -> Select[tuple[CalendarEvent]]:
    query = select(CalendarEvent).where(CalendarEvent.company_id == company_id)
    if wanted.status is not None:
        query = query.where(CalendarEvent.status == wanted.status)
    if wanted.first_day is not None:
        query = query.where(CalendarEvent.due_date >= wanted.first_day)
    if wanted.last_day is not None:
        query = query.where(CalendarEvent.due_date <= wanted.last_day)
    return query.order_by(CalendarEvent.due_date, CalendarEvent.id)


def mark_event(
    session: Session, company_id: UUID, event_id: UUID, *, status: str, today: date
) -> CalendarEvent:
    """Says that an event is `completed` or `cancelled`, or, with `pending`, that it is open again.

    The reminders of what is not open any more are cancelled. An open event's status follows from
    the day: the next one of its obligation is in progress. Raises NotFound.
    """
    lock_calendar(session, company_id)
    event = session.get(CalendarEvent, event_id, populate_existing=True)
    if event is None or event.company_id != company_id:
        raise NotFound(f"There is no event {event_id} in the calendar of company {company_id}.")
    changes = EventChanges(session)
    if status != "pending" or event.status not in OPEN:
        changes.set(event, "user", status=status, withdrawn=False)
    session.flush()
    changes.set_statuses(_open_ones(session, event.company_event_id), today)
    changes.store()
    session.refresh(event)
    return event


def _open_ones(session: Session, company_event_id: UUID) -> Sequence[CalendarEvent]:
    statement = select(CalendarEvent).where(
        CalendarEvent.company_event_id == company_event_id, CalendarEvent.status.in_(OPEN)
    )
    return session.scalars(statement).all()
