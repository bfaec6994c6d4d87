"""What an onboarding has brought, as one table."""

from uuid import UUID

from rich.console import Console
from rich.table import Table
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from app.infrastructure.db.models import (
    CalendarEvent,
    CompanyTaxInfo,
    Membership,
    Memory,
    NotificationSubscription,
    ScheduledNotification,
    TaxDocument,
)
from app.infrastructure.db.session import session_scope

FIRST = 3  # due dates, and memories, that are shown as examples


def show_arrival(console: Console, company_id: UUID) -> None:
    """Draws what the database has of the company now, and the first lines of it."""
    table = Table("what", title="What the new company has", title_justify="left")
    table.add_column("how many", justify="right")
    table.add_column("for example")
    with session_scope() as session:
        table.add_row("facts of the taxpayer", *_facts(session, company_id))
        table.add_row("documents", *_count(session, select(TaxDocument), company_id))
        table.add_row("due dates", *_due_dates(session, company_id))
        table.add_row(
            "reminders it gets", *_count(session, select(NotificationSubscription), company_id)
        )
        table.add_row(
            "notifications planned", *_count(session, select(ScheduledNotification), company_id)
        )
        table.add_row("memories", *_memories(session, company_id))
    console.print(table)


def _facts(session: Session, company_id: UUID) -> tuple[str, str]:
    mine = CompanyTaxInfo.company_id == company_id
    info = session.scalar(select(CompanyTaxInfo).where(mine))
    if info is None:
        return "0", ""
    return "1", f"F29 on day {info.f29_due_day}, since {info.started_on}, {info.activity_name}"


def _count(session: Session, rows: Select[tuple[object]], company_id: UUID) -> tuple[str, str]:
    mine = rows.filter_by(company_id=company_id).subquery()
    return str(session.scalar(select(func.count()).select_from(mine))), ""


def _due_dates(session: Session, company_id: UUID) -> tuple[str, str]:
    open_ones = CalendarEvent.status.not_in(("completed", "cancelled"))
    chosen = select(CalendarEvent).where(CalendarEvent.company_id == company_id, open_ones)
    found = session.scalars(chosen.order_by(CalendarEvent.due_date)).all()
    first = ", ".join(f"{one.template_code} {one.due_date}" for one in found[:FIRST])
    return str(len(found)), first


def _memories(session: Session, company_id: UUID) -> tuple[str, str]:
    people = select(Membership.user_id).where(Membership.company_id == company_id)
    mine = (Memory.owner_id == company_id) | Memory.owner_id.in_(people)
    found = session.scalars(select(Memory).where(mine).order_by(Memory.slug)).all()
    return str(len(found)), " ".join(one.content for one in found[:FIRST])
