"""What the tests of onboardings do and look at, in a database of their own."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from cryptography.fernet import Fernet
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.infrastructure.cipher import Cipher
from app.infrastructure.db.models import Onboarding, Run, SiiCredential
from app.infrastructure.db.session import get_session_factory
from app.services import onboarding
from app.services.attempts import Attempt
from app.services.onboarding_progress import OnboardingProgress, show_onboarding
from app.services.onboarding_steps import STEPS
from app.services.outbox import Outbox, outbox_scope
from app.services.registration import Owner, PortalLogin, register_company, renew_credential
from tests.unit.publishers import Published

RUT = "76000001-9"
OWNER = Owner("ana@pyme.example", "Ana Inventada")
FACTS = {
    "contribuyente": {
        "rut": "76000001",
        "dv": "9",
        "glosaActividad": "PANADERÍA",
        "fechaInicioActividades": "01/02/2023",
        "autorizadoDeclararDia20": "S",
    }
}


class Desk:
    """Short words."""

    def __init__(self) -> None:
        self.sessions = get_session_factory()
        self.published = Published()
        self.cipher = Cipher([Fernet.generate_key().decode()])

    @contextmanager
    def work(self) -> Iterator[tuple[Session, Outbox]]:
        with outbox_scope(self.sessions, self.published) as scope:
            yield scope

    def register(self, login: bool = True, owner: Owner | None = OWNER) -> UUID:
        """Returns the id of a new company."""
        with self.work() as (session, outbox):
            company = register_company(
                session,
                outbox,
                self.cipher,
                rut=RUT,
                business_name="Panadería Inventada SpA",
                owner=owner,
                login=PortalLogin(RUT, "Invent4da") if login else None,
            )
        return company.id

    def put_credential(self, company: UUID, clave: str = "0tra") -> None:
        with self.work() as (session, outbox):
            renew_credential(session, outbox, self.cipher, company, PortalLogin(RUT, clave))

    def refuse(self, company: UUID, status: str = "invalid") -> None:
        """SII refuses the login: the documents' run fails."""
        code = {"invalid": "invalid_credentials", "blocked": "credentials_blocked"}[status]
        with self.sessions.begin() as session:
            session.get_one(SiiCredential, company).status = status
        self.end("documents", "failed", error_code=code)

    def learn(self, company: UUID, facts: Mapping[str, Any] = FACTS) -> None:
        """The portal tells the company's facts to the documents' run."""
        run = self.run("documents")
        onboarding.learn_facts(
            self.sessions, self.published, Attempt(run.id, run.attempts), company, facts
        )

    def end(self, name: str, state: str = "succeeded", **values: Any) -> None:
        """A step's run ends; nobody is told."""
        ended = {"state": state, "finished_at": datetime.now(UTC)} | values
        with self.sessions.begin() as session:
            session.execute(update(Run).where(Run.id == self.run(name).id).values(**ended))

    def succeed(self, name: str) -> None:
        """A step's run ends well, and its worker says so."""
        self.end(name)
        onboarding.after_run(self.sessions, self.published, self.onboarding().id)

    def onboarding(self) -> Onboarding:
        with self.sessions() as session:
            return session.scalars(select(Onboarding)).one()

    def runs(self) -> list[Run]:
        with self.sessions() as session:
            return list(session.scalars(select(Run).order_by(Run.queued_at)))

    def run(self, name: str) -> Run:
        """Returns the newest run of a step."""
        (task,) = (step.task for step in STEPS if step.name == name)
        return [run for run in self.runs() if run.task == task][-1]

    def progress(self, company: UUID) -> OnboardingProgress:
        with self.sessions() as session:
            return show_onboarding(session, company)

    def states(self, company: UUID) -> dict[str, str]:
        return {step.step.name: step.state for step in self.progress(company).steps}
