"""What is known of a company's taxes, and what follows from it for its calendar."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.domain.taxpayers import facts_of_home_page
from app.infrastructure.db.models import CompanyTaxInfo, Run
from app.services.calendar_requests import request_sync
from app.services.companies import find_company
from app.services.obligations import activate_mandatory_events
from app.services.outbox import Outbox


def find_tax_info(session: Session, company_id: UUID) -> CompanyTaxInfo:
    """Returns what is known; an empty row, not stored, where nothing is. Raises NotFound."""
    find_company(session, company_id)
    found = session.scalar(select(CompanyTaxInfo).where(CompanyTaxInfo.company_id == company_id))
    return found or CompanyTaxInfo(company_id=company_id, f29_due_day=12, raw={})


def store_tax_info(session: Session, company_id: UUID, facts: Mapping[str, Any]) -> CompanyTaxInfo:
    """Stores what the portal's home page said of the company; what it did not say stays.

    `facts` is DatosCntrNow as the page has it: JSON, without cookies or claves. The calendar
    follows with the next `calendar.sync_company`. Raises NotFound.
    """
    find_company(session, company_id)
    values = facts_of_home_page(facts) | {"raw": dict(facts), "read_at": func.now()}
    return _upsert(session, company_id, values)


def change_tax_info(
    session: Session, outbox: Outbox, company_id: UUID, values: Mapping[str, Any]
) -> tuple[CompanyTaxInfo, Run]:
    """Stores what a user says of the company, and starts a sync of its calendar.

    `values` are columns. Obligations that now apply are switched on, unless somebody has switched
    them off. Raises NotFound.
    """
    find_company(session, company_id)
    stored = _upsert(session, company_id, values)
    activate_mandatory_events(session, company_id)
    return stored, request_sync(session, outbox, company_id)


def _upsert(session: Session, company_id: UUID, values: Mapping[str, Any]) -> CompanyTaxInfo:
    statement = (
        insert(CompanyTaxInfo)
        .values(company_id=company_id, **values)
        .on_conflict_do_update(index_elements=[CompanyTaxInfo.company_id], set_=dict(values))
        .returning(CompanyTaxInfo)
    )
    return session.scalars(statement, execution_options={"populate_existing": True}).one()
