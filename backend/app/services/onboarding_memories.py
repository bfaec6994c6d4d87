"""Remembers a company when it joins, and the person who brought it."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.domain.memories import Fact, Owner
from app.domain.onboarding_facts import CompanyFacts, company_facts, user_facts
from app.errors import InvalidInput, NotFound
from app.infrastructure.db.models import Company, CompanyTaxInfo, Membership
from app.services.attempts import Attempt
from app.services.memories import save_facts
from app.services.memory_owners import as_id, check_owner
from app.services.memory_store import Deadline, MemoryStore, Outcome


def save_onboarding_memories(
    sessions: sessionmaker[Session],
    store: MemoryStore,
    *,
    attempt: Attempt,
    user_id: str,
    company_id: str,
    company_tax_info_id: str | None = None,
    contribuyente_info: dict[str, Any] | None = None,
    is_new_company: bool = True,
) -> dict[str, int]:
    """Saves what the tables and the portal tell, under fixed slugs; what is unknown is left out.

    `contribuyente_info` is an answer of the portal's home page and wins over the stored one.
    Returns how many are stored of the company and of the user, and how they ended. Raises NotFound
    (also where the user is no member), InvalidInput, MemoriesUnfinished, MemoriesRefused.
    """
    user = Owner("user", as_id(user_id, "user"))
    company = Owner("company", as_id(company_id, "company"))
    if not isinstance(contribuyente_info, dict | None):
        raise InvalidInput("contribuyente_info must be an object.", "contribuyente_info")
    with sessions() as session:
        known = _company(session, company, company_tax_info_id, contribuyente_info or {})
        role = _role(session, user, company)
    of_user = user_facts(company.id, known, role=role, is_new_company=is_new_company)
    of_both: list[tuple[Owner, list[Fact]]] = [(company, company_facts(known)), (user, of_user)]
    deadline = Deadline()
    ends = [save_facts(sessions, store, attempt, *each, deadline) for each in of_both]
    together = Outcome(ends[0].counts + ends[1].counts, ends[0].failures | ends[1].failures)
    together.check()
    return {
        "company_memories_count": ends[0].stored,
        "user_memories_count": ends[1].stored,
        **{how: together.counts[how] for how in ends[0].counts},
    }


def _company(
    session: Session, owner: Owner, tax_info_id: str | None, portal: dict[str, Any]
) -> CompanyFacts:
    check_owner(session, owner)
    company = session.get_one(Company, owner.id)
    query = select(CompanyTaxInfo).where(CompanyTaxInfo.company_id == owner.id)
    info = session.scalars(query).one_or_none()
    if tax_info_id and (info is None or info.id != as_id(tax_info_id, "tax info")):
        raise NotFound(f"Company {owner.id} has no tax info {tax_info_id}.")
    if info is None:
        return CompanyFacts(company.rut, company.business_name, portal=_merged({}, portal))
    return CompanyFacts(
        company.rut,
        company.business_name,
        info.regime,
        info.activity_code,
        info.activity_name,
        info.started_on,
        _merged(info.raw, portal),
    )


def _merged(stored: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Returns one answer of the portal: flat keys, those of `given` where it has them."""
    return _flat(stored) | {key: value for key, value in _flat(given).items() if value}


def _flat(answer: dict[str, Any]) -> dict[str, Any]:
    taxpayer = answer.get("contribuyente")
    return answer | taxpayer if isinstance(taxpayer, dict) else answer


def _role(session: Session, user: Owner, company: Owner) -> str:
    check_owner(session, user)
    membership = session.get(Membership, (user.id, company.id))
    if membership is None:
        raise NotFound(f"User {user.id} is no member of company {company.id}.")
    return membership.role
