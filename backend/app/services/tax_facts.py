"""The facts by which the calendar is made, as the domain takes them."""

from dataclasses import fields
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.obligations import Facts
from app.infrastructure.db.models import CompanyTaxInfo

_COLUMNS = [getattr(CompanyTaxInfo, field.name) for field in fields(Facts)]


def facts_of(session: Session, company_id: UUID) -> Facts:
    """Returns what is known of a company; everything is unknown where nothing was stored."""
    statement = select(*_COLUMNS).where(CompanyTaxInfo.company_id == company_id)
    row = session.execute(statement).one_or_none()
    return Facts(*row) if row else Facts()
