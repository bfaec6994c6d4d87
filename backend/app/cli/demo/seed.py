"""What the demo puts into the database and the queues. Doing it again changes nothing."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.orm import Session

from app.cli.demo.simulator import SeededCompany
from app.errors import ConfigurationError
from app.infrastructure.cipher import Cipher
from app.infrastructure.db.models import (
    Base,
    Company,
    Membership,
    NotificationTemplate,
    ScheduledNotification,
    SiiCredential,
    User,
)
from app.services.companies import set_credential
from app.services.document_fan_out import enqueue_sync
from app.services.outbox import Outbox
from app.services.runs import enqueue

PERSON = {"email": "demo@fiscal.example", "full_name": "Ana Demo", "phone": "+56987654321"}
TEMPLATE = {
    "code": "demo_greeting",
    "subject": "Sincronizamos {{ company }}",
    "body": "Hola: traemos los documentos de {{ company }} desde el simulador.",
    "whatsapp_template": "demo_greeting",
    "whatsapp_parameters": ["company"],
}


@dataclass(frozen=True)
class DemoCompany:
    """A seeded company as it stands in our database."""

    id: UUID
    rut: str
    name: str
    login_rut: str
    is_refused: bool


def seed_companies(
    session: Session, cipher: Cipher, seeded: Iterable[SeededCompany]
) -> list[DemoCompany]:
    """Upserts the companies, their logins, and a person who belongs to all of them."""
    companies = [_seed_company(session, cipher, one) for one in seeded]
    person = session.scalars(_upsert(User, PERSON, "email").returning(User.id)).one()
    for company in companies:
        membership = insert(Membership).values(user_id=person, company_id=company.id)
        session.execute(membership.on_conflict_do_nothing())
    return companies


def _seed_company(session: Session, cipher: Cipher, one: SeededCompany) -> DemoCompany:
    values = {"rut": one.rut, "business_name": one.business_name}
    company_id = session.scalars(_upsert(Company, values, "rut").returning(Company.id)).one()
    credential = session.get(SiiCredential, company_id)
    # The same clave again would make a refused one unproven, and a second try blocks its RUT.
    if credential is None or not _is_same(cipher, credential, one):
        set_credential(session, cipher, company_id, login_rut=one.login_rut, clave=one.clave)
    return DemoCompany(company_id, one.rut, one.business_name, one.login_rut, one.is_refused)


def _is_same(cipher: Cipher, credential: SiiCredential, one: SeededCompany) -> bool:
    try:
        known = (credential.login_rut, cipher.decrypt(credential.secret))
    except ConfigurationError:  # encrypted with a key that is gone
        return False
    return known == (one.login_rut, one.clave)


def schedule_notifications(
    session: Session, companies: Iterable[DemoCompany], due: datetime
) -> list[UUID]:
    """Schedules one message per company, due at once. Returns their ids."""
    session.execute(_upsert(NotificationTemplate, TEMPLATE, "code"))
    scheduled = [
        ScheduledNotification(
            dedupe_key=f"demo:{company.id}:{due.isoformat()}",
            company_id=company.id,
            template_code=TEMPLATE["code"],
            context={"company": company.name},
            scheduled_for=due,
        )
        for company in companies
    ]
    session.add_all(scheduled)
    session.flush()
    return [one.id for one in scheduled]


def start_small_runs(session: Session, outbox: Outbox) -> dict[UUID, str]:
    """Starts a run on each of the queues that wait for no portal. Returns ids and titles."""
    runs = {}
    for task in ("notifications.process_pending", "whatsapp.cleanup_old_sessions"):
        run, _ = enqueue(session, outbox, task=task, kwargs={})
        runs[run.id] = task
    return runs


def start_syncs(
    session: Session,
    outbox: Outbox,
    companies: Iterable[DemoCompany],
    months: int,
    now: datetime,
) -> dict[UUID, str]:
    """Starts a sync per company, or joins the one that is under way. Returns ids and titles."""
    runs = {}
    for company in companies:
        run, _ = enqueue_sync(session, outbox, company.id, months=months, now=now)
        runs[run.id] = company.name
    return runs


def in_turns(companies: Iterable[DemoCompany]) -> list[list[DemoCompany]]:
    """Returns rounds in which each login comes once.

    Only one run of a login is let into the portal; a second one would try again minutes later.
    """
    rounds: list[list[DemoCompany]] = []
    seen: Counter[str] = Counter()
    for company in companies:
        if seen[company.login_rut] == len(rounds):
            rounds.append([])
        rounds[seen[company.login_rut]].append(company)
        seen[company.login_rut] += 1
    return rounds


def _upsert(model: type[Base], values: Mapping[str, Any], key: str) -> Insert:
    statement = insert(model).values(values)
    return statement.on_conflict_do_update(index_elements=[key], set_=values)
