"""Keeps a company's calendar in step with the rules, its facts, the holidays and the time.

Made for being run again: it creates what is missing, moves what has moved, lets time pass, and
never touches what somebody has completed or cancelled.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.domain.due_dates import DueDate, due_date_of, due_dates
from app.domain.obligations import OBLIGATIONS, Facts, Obligation
from app.domain.periods import Period
from app.errors import CalendarNotActivated
from app.infrastructure.db.models import CalendarEvent, CompanyEvent
from app.services.event_changes import OPEN, EventChanges, lock_calendar
from app.services.holidays import extra_holidays
from app.services.tax_facts import facts_of

HORIZON_MONTHS = 4  # and the next one of each annual obligation, however far away
_LOOK_BACK = timedelta(days=3 * 366)  # further than the first day of any period that is ahead


@dataclass(frozen=True)
class _Rules:
    """What the due dates of one company follow from."""

    facts: Facts
    extra_holidays: Collection[date]
    today: date

    @property
    def until(self) -> date:
        """The last day of the horizon: that of the month so many months on."""
        after = Period(self.today.year, self.today.month).shift(HORIZON_MONTHS + 1)
        return date(after.year, after.month, 1) - timedelta(days=1)

    def expected(self, obligation: Obligation) -> list[DueDate]:
        """Returns what has to be in the calendar from today on."""
        return due_dates(obligation, self.facts, self.today, self.until, self.extra_holidays)

    def of(self, obligation: Obligation, event: CalendarEvent) -> DueDate | None:
        """Returns what an event should be now."""
        key = (event.period_start, event.installment)
        return due_date_of(obligation, self.facts, *key, self.extra_holidays)


def sync_company(session: Session, company_id: UUID, *, today: date) -> dict[str, Any]:
    """Brings a company's calendar up to date; `today` is the day in Chile.

    Two at once take turns. Returns how many events were created and changed, and how many are
    open now. Raises NotFound, CalendarNotActivated for a company that never followed anything.
    """
    lock_calendar(session, company_id)
    followed = session.scalars(
        select(CompanyEvent).where(CompanyEvent.company_id == company_id)
    ).all()
    if not followed:
        raise CalendarNotActivated
    rules = _Rules(facts_of(session, company_id), extra_holidays(session), today)
    events = _events_of(session, company_id, today)
    changes = EventChanges(session)
    created = [
        event for row in followed for event in _sync_one(changes, row, events[row.id], rules)
    ]
    session.add_all(created)
    updated = changes.store()
    still_open = [e for known in events.values() for e in known if e.status in OPEN]
    total = len(still_open) + len(created)
    return {
        "created_events": len(created),
        "updated_events": updated,
        "total_events": total,
        "message": f"{len(created)} created, {updated} updated, {total} open",
    }


def _events_of(session: Session, company_id: UUID, today: date) -> dict[UUID, list[CalendarEvent]]:
    """Returns a company's events by company_event: the open, and all that could come again."""
    statement = select(CalendarEvent).where(
        CalendarEvent.company_id == company_id,
        or_(
            CalendarEvent.status.in_(OPEN),
            CalendarEvent.withdrawn,
            CalendarEvent.period_start >= today - _LOOK_BACK,
        ),
    )
    found = defaultdict(list)
    for event in session.scalars(statement, execution_options={"populate_existing": True}):
        found[event.company_event_id].append(event)
    return found


def _sync_one(
    changes: EventChanges, row: CompanyEvent, events: Sequence[CalendarEvent], rules: _Rules
) -> list[CalendarEvent]:
    """Brings one obligation's events up to date; returns the new ones, not stored yet."""
    obligation = OBLIGATIONS.get(row.template_code)  # None: a newer release knows it
    if obligation is None:
        return []
    applies = obligation.applies_to(rules.facts) is not False
    for event in events:
        if not row.is_active or not applies:
            _withdraw(changes, event, "switched_off" if not row.is_active else "does_not_apply")
        else:
            _follow(changes, event, rules.of(obligation, event), rules.today)
    if not row.is_active or not applies:
        return []
    created = _missing(row, events, rules.expected(obligation))
    changes.set_statuses([*(e for e in events if e.status in OPEN), *created], rules.today)
    return created


def _withdraw(changes: EventChanges, event: CalendarEvent, why: str) -> None:
    if event.status in OPEN:
        changes.set(event, why, status="cancelled", withdrawn=True)


def _follow(
    changes: EventChanges, event: CalendarEvent, expected: DueDate | None, today: date
) -> None:
    """Moves an open event to where it belongs; brings back one that was withdrawn, if ahead."""
    if expected is None:
        _withdraw(changes, event, "does_not_apply")
        return
    if event.withdrawn and expected.due >= today:
        changes.set(event, "applies_again", status="pending", withdrawn=False)
    if event.status in OPEN:
        why = "holiday" if event.nominal_due_date == expected.nominal else "rule"
        changes.set(event, why, due_date=expected.due, nominal_due_date=expected.nominal)


def _missing(
    row: CompanyEvent, events: Sequence[CalendarEvent], expected: Sequence[DueDate]
) -> list[CalendarEvent]:
    known = {(event.period_start, event.installment) for event in events}
    return [
        CalendarEvent(
            company_event_id=row.id,
            company_id=row.company_id,
            template_code=row.template_code,
            period_start=due.period_start,
            period_end=due.period_end,
            installment=due.installment,
            nominal_due_date=due.nominal,
            due_date=due.due,
        )
        for due in expected
        if (due.period_start, due.installment) not in known
    ]
