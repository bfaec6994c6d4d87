"""Writes what the calendar is made from into the database, and reads what became of it."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.infrastructure.db.models import (
    CalendarEvent,
    Company,
    CompanyTaxInfo,
    EventHistory,
    ExtraHoliday,
    NotificationTemplate,
    Run,
    ScheduledNotification,
)
from app.services.calendar import sync_company
from app.services.obligations import activate_mandatory_events, seed_event_templates

TODAY = date(2026, 11, 25)


class Almanac:
    """Companies with their obligations."""

    def __init__(self, sessions: sessionmaker[Session]) -> None:
        self.sessions = sessions
        with sessions.begin() as session:
            seed_event_templates(session)

    def company(self, *, active: bool = True, follows: bool = True, **facts: Any) -> UUID:
        company = Company(
            rut=f"{uuid4().hex[:10]}-0", business_name="Panadería Ñuñoa SpA", is_active=active
        )
        with self.sessions.begin() as session:
            session.add(company)
            session.flush()
            if facts:
                session.add(CompanyTaxInfo(company_id=company.id, **facts))
                session.flush()
            if follows:
                activate_mandatory_events(session, company.id)
        return company.id

    def set_facts(self, company: UUID, **facts: Any) -> None:
        with self.sessions.begin() as session:
            statement = select(CompanyTaxInfo).where(CompanyTaxInfo.company_id == company)
            row = session.scalars(statement).one_or_none() or CompanyTaxInfo(company_id=company)
            for name, value in facts.items():
                setattr(row, name, value)
            session.add(row)

    def holiday(self, day: date, name: str = "Elecciones") -> None:
        with self.sessions.begin() as session:
            session.merge(ExtraHoliday(day=day, name=name))

    def sync(self, company: UUID, today: date = TODAY) -> dict[str, Any]:
        with self.sessions.begin() as session:
            return sync_company(session, company, today=today)

    def events(self, company: UUID, code: str | None = None) -> list[CalendarEvent]:
        statement = select(CalendarEvent).where(CalendarEvent.company_id == company)
        if code:
            statement = statement.where(CalendarEvent.template_code == code)
        with self.sessions() as session:
            return list(session.scalars(statement.order_by(CalendarEvent.due_date)))

    def shown(self, company: UUID, code: str) -> list[tuple[str, str]]:
        """Returns due date and status of each event."""
        return [(event.due_date.isoformat(), event.status) for event in self.events(company, code)]

    def history(self, event: UUID) -> list[dict[str, Any]]:
        statement = select(EventHistory.change).where(EventHistory.event_id == event)
        with self.sessions() as session:
            return list(session.scalars(statement.order_by(EventHistory.id)))

    def mark(self, event: UUID, status: str) -> None:
        """Sets a status as if somebody had, without what goes with it."""
        with self.sessions.begin() as session:
            session.get_one(CalendarEvent, event).status = status

    def reminder(self, event: CalendarEvent, status: str = "pending") -> UUID:
        row = ScheduledNotification(
            id=uuid4(),
            dedupe_key=f"cal:{event.id}:f29:{event.due_date}:{status}",
            company_id=event.company_id,
            template_code="reminder",
            scheduled_for=datetime(2026, 12, 9, 12, tzinfo=UTC),
            entity_type="calendar_event",
            entity_id=event.id,
            status=status,
        )
        with self.sessions.begin() as session:
            session.merge(NotificationTemplate(code="reminder", subject="s", body="b"))
            session.flush()
            session.add(row)
            session.flush()
            return row.id

    def reminders(self, ids: Iterable[UUID]) -> list[str]:
        with self.sessions() as session:
            return [session.get_one(ScheduledNotification, one).status for one in ids]

    def runs(self) -> list[Run]:
        with self.sessions() as session:
            return list(session.scalars(select(Run).order_by(Run.queued_at)))
