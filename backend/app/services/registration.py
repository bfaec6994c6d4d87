"""A new company with its login, its owner and its onboarding: everything at once, or nothing."""

from dataclasses import asdict, dataclass, field
from uuid import UUID

from sqlalchemy.orm import Session

from app.infrastructure.db.models import Company, SiiCredential
from app.services import onboarding
from app.services.companies import Encrypts, create_company, find_company, set_credential
from app.services.outbox import Outbox
from app.services.users import CHILE, add_member, find_or_create_user


@dataclass(frozen=True)
class Owner:
    """The person whom the company belongs to."""

    email: str
    full_name: str
    phone: str | None = None
    rut: str | None = None
    time_zone: str = CHILE


@dataclass(frozen=True)
class PortalLogin:
    """A login at SII as its user types it."""

    login_rut: str
    clave: str = field(repr=False)


def register_company(
    session: Session,
    outbox: Outbox,
    cipher: Encrypts,
    *,
    rut: str,
    business_name: str,
    owner: Owner | None = None,
    login: PortalLogin | None = None,
) -> Company:
    """Returns a new company; with a login its onboarding has started.

    Raises InvalidInput, which names the field, and AlreadyExists.
    """
    company = create_company(session, rut=rut, business_name=business_name)
    if owner is not None:
        user = find_or_create_user(session, **asdict(owner))
        add_member(session, user.id, company.id, "owner")
    if login is not None:
        set_credential(session, cipher, company.id, login_rut=login.login_rut, clave=login.clave)
        onboarding.start(session, outbox, company.id, is_new_company=True)
    session.refresh(company)
    return company


def renew_credential(
    session: Session, outbox: Outbox, cipher: Encrypts, company_id: UUID, login: PortalLogin
) -> SiiCredential:
    """Stores a company's login, and starts its onboarding or goes on with it.

    A company that had a login before onboarding existed is no new one: its people are not
    subscribed to anything. Raises NotFound, InvalidInput.
    """
    is_new = find_company(session, company_id).credential is None
    credential = set_credential(
        session, cipher, company_id, login_rut=login.login_rut, clave=login.clave
    )
    onboarding.start(session, outbox, company_id, is_new_company=is_new)
    return credential
