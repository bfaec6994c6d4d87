"""A company's calendar as iCalendar (RFC 5545), in Spanish."""

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING

from app.domain.obligations import OBLIGATIONS
from app.infrastructure.db.models import CalendarEvent, Company

if TYPE_CHECKING:
    from icalendar import Event

_MONTHS = (
    *("enero", "febrero", "marzo", "abril", "mayo", "junio"),
    *("julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre"),
)
_MARKS = {"completed": "✓ ", "overdue": "Atrasado: "}


def as_ical(company: Company, events: Iterable[CalendarEvent]) -> bytes:
    """Returns the calendar of a company with these events, each on its whole due day."""
    from icalendar import Calendar  # a tenth of a second, which only a feed needs

    calendar = Calendar.new(
        name=f"Impuestos de {company.business_name}",
        language="es",
        refresh_interval=timedelta(hours=12),
        uid=company.id,
    )
    for event in events:
        calendar.add_component(_as_vevent(event))
    return bytes(calendar.to_ical())


def _as_vevent(event: CalendarEvent) -> "Event":
    from icalendar import Event

    obligation = OBLIGATIONS.get(event.template_code)
    name = obligation.name if obligation else event.template_code
    lines = [f"Período: {_period(event)}"]
    if obligation:
        lines.append(f"Se presenta o paga en: {obligation.authority}")
    if event.due_date != event.nominal_due_date:
        lines.append(f"El día {event.nominal_due_date:%d-%m-%Y} no es hábil.")
    vevent = Event.new(
        uid=f"{event.id}@fiscal",
        summary=f"{_MARKS.get(event.status, '')}{name}, {_period(event)}",
        description="\n".join(lines),
        start=event.due_date,
        end=event.due_date + timedelta(days=1),
        stamp=event.updated_at,
        last_modified=event.updated_at,
    )
    vevent.add("transp", "TRANSPARENT")  # a due date keeps nobody busy
    return vevent


def _period(event: CalendarEvent) -> str:
    """Returns `noviembre 2026`, `2025`, or `2026-2027, cuota 2`."""
    start, end = event.period_start, event.period_end
    if (start.year, start.month) == (end.year, end.month):
        return f"{_MONTHS[start.month - 1]} {start.year}"
    text = f"{start.year}" if start.year == end.year else f"{start.year}-{end.year}"
    obligation = OBLIGATIONS.get(event.template_code)
    several = getattr(obligation and obligation.recurrence, "installments", ())
    return f"{text}, cuota {event.installment}" if len(several) > 1 else text
