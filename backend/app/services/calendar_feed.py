"""The iCalendar feed of a company: a link that a phone subscribes to, and what it reads there."""

import hmac
import secrets
from datetime import date, timedelta
from hashlib import sha256
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.errors import NotFound
from app.infrastructure.db.models import CalendarEvent, CalendarFeed, Company
from app.services.calendar_ical import as_ical
from app.services.companies import find_company

SHOWN_BACK = timedelta(days=92)  # what is over for longer is no use on a phone


def make_feed(session: Session, company_id: UUID) -> str:
    """Returns the token of a company's new link; the one before is of no use any more.

    Only its hash is kept, so nobody can read it again: who has lost it makes another one.
    Raises NotFound.
    """
    find_company(session, company_id)
    token = secrets.token_urlsafe(32)
    statement = insert(CalendarFeed).values(company_id=company_id, token_hash=_hash(token))
    session.execute(
        statement.on_conflict_do_update(
            index_elements=[CalendarFeed.company_id],
            set_={"token_hash": statement.excluded.token_hash, "created_at": func.now()},
        )
    )
    return token


def revoke_feed(session: Session, company_id: UUID) -> None:
    """Makes a company's link useless, if there is one. Raises NotFound for the company."""
    find_company(session, company_id)
    session.execute(delete(CalendarFeed).where(CalendarFeed.company_id == company_id))


def read_feed(session: Session, company_id: UUID, token: str, *, today: date) -> bytes:
    """Returns a company's calendar as iCalendar (RFC 5545).

    Raises NotFound alike for an unknown company, a wrong token and one that was revoked.
    """
    feed = session.get(CalendarFeed, company_id)
    if feed is None or not hmac.compare_digest(feed.token_hash, _hash(token)):
        raise NotFound("There is no such calendar, or its link was revoked; make a new link.")
    statement = select(CalendarEvent).where(
        CalendarEvent.company_id == company_id,
        CalendarEvent.status != "cancelled",
        (CalendarEvent.due_date >= today - SHOWN_BACK) | (CalendarEvent.status == "overdue"),
    )
    events = session.scalars(statement.order_by(CalendarEvent.due_date, CalendarEvent.id))
    return as_ical(session.get_one(Company, company_id), events)


def _hash(token: str) -> str:
    return sha256(token.encode()).hexdigest()
