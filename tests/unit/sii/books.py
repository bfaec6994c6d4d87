"""What the sync works on: companies with credentials, and runs, in a database of its own."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.infrastructure.cipher import Cipher
from app.infrastructure.db.models import (
    Company,
    DailyBoletas,
    DocumentSummary,
    ReceivedFee,
    Run,
    SiiCredential,
    SyncCheckpoint,
    TaxDocument,
)
from app.services.attempts import Attempt
from app.services.document_sync import Portal, sync_documents

CLAVE = "Invent4da"
ASKED_AT = datetime(2026, 3, 31, 12, tzinfo=UTC)


class Books:
    """Short words for what the tests of the sync do and look at."""

    def __init__(self, sessions: sessionmaker[Session], cipher: Cipher) -> None:
        self.sessions = sessions
        self.cipher = cipher
        self.progress: list[tuple[int, int, str]] = []

    def company(
        self,
        rut: str = "76000001-9",
        login_rut: str | None = None,
        clave: str = CLAVE,
        **changes: Any,
    ) -> UUID:
        """Returns the id of a new company with a credential."""
        company = Company(rut=rut, business_name="Empresa Inventada SpA")
        company.credential = SiiCredential(
            **{"login_rut": login_rut or rut, "secret": self.cipher.encrypt(clave)} | changes
        )
        with self.sessions.begin() as session:
            session.add(company)
        return company.id

    def run(self, asked_at: datetime = ASKED_AT) -> UUID:
        """Returns the id of a new run."""
        run = Run(id=uuid4(), task="sii.sync_documents", state="running", queued_at=asked_at)
        with self.sessions.begin() as session:
            session.add(run)
        return run.id

    def sync(self, portal: Portal, company: UUID | str, **options: Any) -> dict[str, Any]:
        """Syncs in a run of its own, unless `run_id` is given."""
        options.setdefault("run_id", None)
        run_id = options.pop("run_id") or self.run()
        return sync_documents(
            self.sessions,
            portal,
            self.cipher,
            attempt=Attempt(run_id, 0),
            company_id=company,
            progress=lambda *step: self.progress.append(step),
            **options,
        )

    def credential(self, company: UUID) -> SiiCredential:
        with self.sessions() as session:
            return session.scalars(select(SiiCredential).filter_by(company_id=company)).one()

    def documents(self, **chosen: Any) -> list[TaxDocument]:
        statement = select(TaxDocument).filter_by(**chosen)
        with self.sessions() as session:
            return list(session.scalars(statement.order_by(TaxDocument.period, TaxDocument.folio)))

    def boletas(self, **chosen: Any) -> list[DailyBoletas]:
        statement = select(DailyBoletas).filter_by(**chosen)
        with self.sessions() as session:
            return list(session.scalars(statement.order_by("doc_type", "day")))

    def fees(self, **chosen: Any) -> list[ReceivedFee]:
        statement = select(ReceivedFee).filter_by(**chosen)
        order = (ReceivedFee.issue_date, ReceivedFee.folio, ReceivedFee.issuer_rut)
        with self.sessions() as session:
            return list(session.scalars(statement.order_by(*order)))

    def summaries(self) -> list[DocumentSummary]:
        with self.sessions() as session:
            return list(session.scalars(select(DocumentSummary)))

    def checkpoints(self, run: UUID) -> set[tuple[str, str]]:
        with self.sessions() as session:
            marks = session.scalars(select(SyncCheckpoint).filter_by(run_id=run))
            return {(mark.period, mark.direction) for mark in marks}
