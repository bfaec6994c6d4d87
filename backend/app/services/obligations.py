"""Which obligations a company follows.

A row of company_events says so; one with `is_active` false says that somebody has switched it off,
which only somebody switches on again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.domain.obligations import OBLIGATIONS, Facts, Obligation
from app.errors import InvalidInput, NotFound
from app.infrastructure.db.models import CompanyEvent, EventTemplate, Run
from app.services.calendar_requests import request_sync
from app.services.companies import find_company
from app.services.outbox import Outbox
from app.services.tax_facts import facts_of

_COLUMNS = ("name", "category", "authority", "is_mandatory", "display_days_before")


def seed_event_templates(session: Session) -> list[str]:
    """Brings event_templates in step with the code. Returns the codes that were new or changed."""
    rows = [
        {"code": one.code} | {column: getattr(one, column) for column in _COLUMNS}
        for one in OBLIGATIONS.values()
    ]
    statement = insert(EventTemplate).values(rows)
    new = statement.excluded
    changed = or_(*(getattr(EventTemplate, c).is_distinct_from(new[c]) for c in _COLUMNS))
    statement = statement.on_conflict_do_update(
        index_elements=[EventTemplate.code], set_={c: new[c] for c in _COLUMNS}, where=changed
    )
    return sorted(session.scalars(statement.returning(EventTemplate.code)))


def activate_mandatory_events(session: Session, company_id: UUID) -> dict[str, list[str]]:
    """Makes a company follow what every company must, and what applies by its known facts.

    Returns the codes that are new, those that it followed already, and those that somebody has
    switched off: these stay off. Raises NotFound.
    """
    find_company(session, company_id)
    facts = facts_of(session, company_id)
    wanted = [one.code for one in OBLIGATIONS.values() if one.applies_to(facts)]
    statement = (
        insert(CompanyEvent)
        .values([{"company_id": company_id, "template_code": code} for code in wanted])
        .on_conflict_do_nothing(constraint="uq_company_events_template")
        .returning(CompanyEvent.template_code)
    )
    new = set(session.scalars(statement))
    followed = followed_by(session, company_id)
    return {
        "activated_events": sorted(new),
        "already_active": sorted(code for code, on in followed.items() if on and code not in new),
        "switched_off": sorted(code for code, on in followed.items() if not on),
    }


def followed_by(session: Session, company_id: UUID) -> dict[str, bool]:
    """Returns the codes of a company's obligations, and whether each is switched on."""
    statement = select(CompanyEvent.template_code, CompanyEvent.is_active)
    rows = session.execute(statement.where(CompanyEvent.company_id == company_id))
    return dict(rows.tuples().all())


@dataclass(frozen=True)
class CompanyObligation:
    """An obligation as one company has it."""

    obligation: Obligation
    applies: bool | None  # by its facts; None is unknown
    is_active: bool  # whether its due dates are in the calendar


def list_obligations(session: Session, company_id: UUID) -> Sequence[CompanyObligation]:
    """Returns every obligation that we know, as the company has it. Raises NotFound."""
    find_company(session, company_id)
    facts, followed = facts_of(session, company_id), followed_by(session, company_id)
    return [_as_company_has_it(one, facts, followed) for one in OBLIGATIONS.values()]


def find_obligation(session: Session, company_id: UUID, code: str) -> CompanyObligation:
    """Returns one obligation as the company has it. Raises NotFound."""
    obligation = _known(code)
    find_company(session, company_id)
    facts, followed = facts_of(session, company_id), followed_by(session, company_id)
    return _as_company_has_it(obligation, facts, followed)


def switch_obligation(
    session: Session, outbox: Outbox, company_id: UUID, code: str, *, is_active: bool
) -> tuple[CompanyObligation, Run]:
    """Switches an obligation on or off, and starts a sync of the calendar.

    Raises NotFound, InvalidInput where the company's facts say that it does not apply.
    """
    obligation = _known(code)
    find_company(session, company_id)
    if is_active and obligation.applies_to(facts_of(session, company_id)) is False:
        raise InvalidInput(
            f"{code} does not apply while the company's {obligation.applies_if} is false;"
            " change that in its tax-info first.",
            "is_active",
        )
    values = {"company_id": company_id, "template_code": code, "is_active": is_active}
    statement = insert(CompanyEvent).values(values)
    session.execute(
        statement.on_conflict_do_update(
            constraint="uq_company_events_template", set_={"is_active": is_active}
        )
    )
    run = request_sync(session, outbox, company_id)
    return find_obligation(session, company_id, code), run


def _known(code: str) -> Obligation:
    if code not in OBLIGATIONS:
        raise NotFound(f"There is no obligation {code}.")
    return OBLIGATIONS[code]


def _as_company_has_it(
    obligation: Obligation, facts: Facts, followed: dict[str, bool]
) -> CompanyObligation:
    applies = obligation.applies_to(facts)
    active = followed.get(obligation.code, False) and applies is not False
    return CompanyObligation(obligation, applies, active)
