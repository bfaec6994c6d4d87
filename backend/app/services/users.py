"""People, and the companies they belong to."""

import re
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.domain.quiet_hours import find_zone
from app.domain.ruts import canonical_rut
from app.errors import InvalidInput, NotFound
from app.infrastructure.db.models import Membership, User
from app.services.companies import find_company

ROLES = ("owner", "accountant", "viewer")
CHILE = "America/Santiago"
_EMAIL = re.compile(r"[^@\s<>\x00-\x1f]+@[^@\s<>\x00-\x1f]+\.[^@\s<>\x00-\x1f.]+")


def find_or_create_user(
    session: Session,
    *,
    email: str,
    full_name: str,
    phone: str | None = None,
    rut: str | None = None,
    time_zone: str = CHILE,
) -> User:
    """Returns the person with this e-mail address, as they are, or a new one.

    `phone` in any spelling, Chilean without a country code; `time_zone` as IANA names it.
    Raises InvalidInput, which names the field.
    """
    find_zone(time_zone)
    address = _address(email)
    values = {
        "email": address,
        "full_name": _name(full_name),
        "phone": _e164(phone) if phone else None,
        "rut": canonical_rut(rut) if rut else None,
        "time_zone": time_zone,
    }
    statement = insert(User).values(values).on_conflict_do_nothing(index_elements=[User.email])
    made = session.scalars(statement.returning(User)).one_or_none()
    return made or session.scalars(select(User).where(User.email == address)).one()


def find_user(session: Session, user_id: UUID) -> User:
    """Returns the person. Raises NotFound."""
    user = session.get(User, user_id)
    if user is None:
        raise NotFound(f"There is no user {user_id}.")
    return user


def add_member(
    session: Session, user_id: UUID, company_id: UUID, role: str = "owner"
) -> Membership:
    """Makes a person a member of a company, or changes their role.

    Raises NotFound, InvalidInput.
    """
    if role not in ROLES:
        raise InvalidInput(f"There is no role {role}; write one of {', '.join(ROLES)}.", "role")
    find_user(session, user_id)
    find_company(session, company_id)
    statement = (
        insert(Membership)
        .values(user_id=user_id, company_id=company_id, role=role)
        .on_conflict_do_update(
            index_elements=[Membership.user_id, Membership.company_id], set_={"role": role}
        )
        .returning(Membership)
    )
    return session.scalars(statement, execution_options={"populate_existing": True}).one()


def find_member(session: Session, user_id: UUID, company_id: UUID) -> Membership:
    """Returns the membership. Raises NotFound, which names what there is not."""
    find_company(session, company_id)
    member = session.get(Membership, (user_id, company_id))
    if member is None:
        raise NotFound(f"User {user_id} is no member of company {company_id}.")
    return member


def list_members(session: Session, company_id: UUID) -> Sequence[tuple[User, Membership]]:
    """Returns the members of a company by e-mail address. Raises NotFound."""
    find_company(session, company_id)
    query = (
        select(User, Membership)
        .join(Membership, Membership.user_id == User.id)
        .where(Membership.company_id == company_id)
        .order_by(User.email)
    )
    return [(user, member) for user, member in session.execute(query)]


def _address(email: str) -> str:
    address = email.strip().lower()
    if len(address) > 254 or not _EMAIL.fullmatch(address):
        raise InvalidInput("This is no e-mail address; write one like ana@pyme.example.", "email")
    return address


def _name(full_name: str) -> str:
    name = " ".join(full_name.split())
    if not name or len(name) > 200 or not name.isprintable():
        raise InvalidInput("A name has 1 to 200 letters.", "full_name")
    return name


def _e164(phone: str) -> str:
    import phonenumbers  # its metadata cost a second of start

    try:
        number = phonenumbers.parse(phone, "CL")
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_valid_number(number):
        raise InvalidInput("This is no phone number; write one like +56987654321.", "phone")
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
