"""Companies and their SII credentials."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.domain.ruts import canonical_rut
from app.errors import AlreadyExists, InvalidInput, NotFound
from app.infrastructure.db.models import Company, SiiCredential
from app.services.cursors import cut_page, decode_cursor


class Encrypts(Protocol):
    """Turns a secret into what may be stored."""

    def encrypt(self, text: str) -> str:
        """Returns the encrypted text."""


def create_company(session: Session, *, rut: str, business_name: str) -> Company:
    """Returns a new company. `rut` in any spelling.

    Raises InvalidInput for a wrong RUT, AlreadyExists where it is known.
    """
    canonical = canonical_rut(rut)
    # One statement, so that two requests at once make one company and one clear answer.
    statement = (
        insert(Company)
        .values(rut=canonical, business_name=business_name)
        .on_conflict_do_nothing(index_elements=[Company.rut])
        .returning(Company)
    )
    company = session.scalars(statement).one_or_none()
    if company is None:
        raise AlreadyExists(f"There is a company with RUT {canonical} already.")
    return company


def find_company(session: Session, company_id: UUID) -> Company:
    """Returns the company. Raises NotFound."""
    company = session.get(Company, company_id)
    if company is None:
        raise NotFound(f"There is no company {company_id}.")
    return company


def find_company_by(session: Session, id_or_rut: str) -> Company:
    """Returns the company that an id, or a RUT in any spelling, names.

    Raises InvalidInput where it is neither, NotFound.
    """
    try:
        return find_company(session, UUID(id_or_rut))
    except ValueError:
        rut = canonical_rut(id_or_rut)
    company = session.scalar(select(Company).where(Company.rut == rut))
    if company is None:
        raise NotFound(f"There is no company with RUT {rut}.")
    return company


def company_uuid(text: str) -> UUID:
    """Returns the id that a run was given. Raises InvalidInput."""
    try:
        return UUID(text)
    except ValueError:
        raise InvalidInput("company_id is no UUID.", "company_id") from None


def list_companies(
    session: Session, *, limit: int, cursor: str | None = None
) -> tuple[Sequence[Company], str | None]:
    """Returns a page of companies by RUT, and the cursor of the next one. Raises InvalidInput."""
    query = select(Company).order_by(Company.rut).limit(limit + 1)
    if cursor:
        query = query.where(Company.rut > decode_cursor(cursor, canonical_rut)[0])
    found = session.scalars(query).all()
    return cut_page(found, limit, lambda one: (one.rut,))


def set_credential(
    session: Session, cipher: Encrypts, company_id: UUID, *, login_rut: str, clave: str
) -> SiiCredential:
    """Stores a company's SII login, the clave encrypted, and calls it unproven again.

    Raises NotFound, InvalidInput.
    """
    find_company(session, company_id)
    values = {
        "login_rut": canonical_rut(login_rut),
        "secret": cipher.encrypt(clave),
        "status": "unproven",
        "blocked_until": None,
        "last_ok_at": None,
    }
    statement = (
        insert(SiiCredential)
        .values(company_id=company_id, **values)
        .on_conflict_do_update(index_elements=[SiiCredential.company_id], set_=values)
        .returning(SiiCredential)
    )
    return session.scalars(statement, execution_options={"populate_existing": True}).one()
