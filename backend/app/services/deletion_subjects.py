"""Whose data is to be deleted, and how they are named."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.memories import Owner
from app.domain.mentions import spellings_of_rut
from app.domain.ruts import canonical_rut
from app.errors import InvalidInput, NotFound
from app.infrastructure.db.models import Company, Membership, SiiCredential, User


@dataclass(frozen=True)
class Subject:
    """A company or a person. Its row is locked: nothing new can be stored of it meanwhile."""

    owner: Owner
    marks: tuple[str, ...]  # name nobody else: RUT, e-mail address, phone number
    name: tuple[str, ...]  # looked for among its relatives only; empty where it is a single word
    relatives: tuple[UUID, ...]  # the company's members, or the person's companies
    login_ruts: tuple[str, ...]  # what only it logs in to SII with

    @property
    def spoken(self) -> tuple[str, ...]:
        """How anybody would recognise it in a text."""
        return self.marks + self.name


def find_company_subject(session: Session, given: str) -> Subject:
    """Returns the company with this RUT or id. Raises InvalidInput, NotFound."""
    key = _as_uuid(given)
    by = Company.id == key if key else Company.rut == canonical_rut(given)
    company = session.scalar(select(Company).where(by).with_for_update())
    if company is None:
        raise NotFound(f"There is no company {given}.")
    members = session.scalars(select(Membership.user_id).where(Membership.company_id == company.id))
    logins = session.scalars(
        select(SiiCredential.login_rut).where(
            SiiCredential.company_id == company.id,
            SiiCredential.login_rut.not_in(
                select(SiiCredential.login_rut).where(SiiCredential.company_id != company.id)
            ),
        )
    )
    return Subject(
        Owner("company", company.id),
        spellings_of_rut(company.rut),
        _telling(company.business_name),
        tuple(members),
        tuple(logins),
    )


def find_person_subject(session: Session, given: str) -> Subject:
    """Returns the person with this e-mail address or id.

    Raises NotFound, and InvalidInput where their RUT is a company here, too.
    """
    key = _as_uuid(given)
    by = User.id == key if key else User.email == given.strip().lower()
    person = session.scalar(select(User).where(by).with_for_update())
    if person is None:
        raise NotFound(f"There is no person {given}; give an id or an e-mail address.")
    if person.rut and session.scalar(select(Company.id).where(Company.rut == person.rut)):
        raise InvalidInput(
            f"The person's RUT {person.rut} is a company here, too; first type"
            f" `fiscal delete company {person.rut}`."
        )
    ruts = spellings_of_rut(person.rut) if person.rut else ()
    phone = (person.phone.removeprefix("+"),) if person.phone else ()
    companies = session.scalars(
        select(Membership.company_id).where(Membership.user_id == person.id)
    )
    return Subject(
        Owner("user", person.id),
        (*ruts, person.email, *phone),
        _telling(person.full_name),
        tuple(companies),
        (person.rut,) if person.rut else (),
    )


def _as_uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _telling(name: str) -> tuple[str, ...]:
    """A single word stands in too many texts that mean something else."""
    return (name,) if " " in name.strip() else ()
