"""Changes of calendar events: each leaves a row of history, and takes the reminders with it."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.due_dates import statuses
from app.errors import NotFound
from app.infrastructure.db.models import CalendarEvent, Company, EventHistory
from app.services.reminders import cancel_reminders

OPEN = ("pending", "in_progress", "overdue")
_NOT_TOLD = {"withdrawn", "updated_at"}


def lock_calendar(session: Session, company_id: UUID) -> None:
    """Keeps a company's calendar to this transaction: everybody who changes it asks here first.

    Raises NotFound.
    """
    # Not FOR UPDATE: rows that refer to the company may be written meanwhile.
    statement = select(Company.id).where(Company.id == company_id).with_for_update(key_share=True)
    if session.scalar(statement) is None:
        raise NotFound(f"There is no company {company_id}.")


class EventChanges:
    """Collects what one transaction changes, and stores what goes with it at the end."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._silenced: set[UUID] = set()  # whose reminders speak of what is no longer so
        self.changed: set[UUID] = set()

    def set(self, event: CalendarEvent, why: str, **values: Any) -> None:
        """Sets columns of an event; values that it has already are no change."""
        told = {}
        for name, new in values.items():
            old = getattr(event, name)
            if old != new:
                setattr(event, name, new)
                told[name] = [_as_json(old), _as_json(new)]
        if not told:
            return
        event.updated_at = func.now()
        self.changed.add(event.id)
        self._session.add(EventHistory(event_id=event.id, change=_shown(told) | {"why": why}))
        if "due_date" in told or event.status not in OPEN:
            self._silenced.add(event.id)

    def set_statuses(self, events: Sequence[CalendarEvent], today: date) -> None:
        """Lets time pass: `events` are all open ones of one obligation, the new ones included."""
        in_order = sorted(events, key=lambda event: (event.due_date, event.period_start))
        days = [event.due_date for event in in_order]
        for event, status in zip(in_order, statuses(days, today), strict=True):
            if event.id is None:
                event.status = status  # it is being made: no history yet
            else:
                self.set(event, "time", status=status)

    def store(self) -> int:
        """Writes everything and cancels the reminders. Returns how many events have changed."""
        self._session.flush()
        cancel_reminders(self._session, self._silenced)
        return len(self.changed)


def _shown(told: dict[str, list[Any]]) -> dict[str, Any]:
    return {name: pair for name, pair in told.items() if name not in _NOT_TOLD}


def _as_json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
