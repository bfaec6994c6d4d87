"""Which reminders a new company gets without asking."""

from uuid import UUID

from sqlalchemy import literal, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.infrastructure.db.models import (
    CompanyEvent,
    NotificationSubscription,
    NotificationTemplate,
)
from app.services.companies import find_company


def assign_auto_notifications(
    session: Session, company_id: UUID, *, is_new_company: bool = True
) -> list[str]:
    """Subscribes a new company to the templates made for that; returns the codes that are new.

    These are the active ones with `auto_assign` that are about nothing special, or about an
    obligation that the company follows. A subscription that is there already, also one that is
    switched off, is left alone. Raises NotFound.
    """
    find_company(session, company_id)
    if not is_new_company:
        return []
    followed = select(CompanyEvent.template_code).where(
        CompanyEvent.company_id == company_id, CompanyEvent.is_active
    )
    wanted = select(literal(company_id), NotificationTemplate.code).where(
        NotificationTemplate.auto_assign,
        NotificationTemplate.is_active,
        or_(
            NotificationTemplate.event_code.is_(None),
            NotificationTemplate.event_code.in_(followed),
        ),
    )
    statement = (
        insert(NotificationSubscription)
        .from_select(["company_id", "template_code"], wanted)
        .on_conflict_do_nothing()
        .returning(NotificationSubscription.template_code)
    )
    return sorted(session.scalars(statement))
