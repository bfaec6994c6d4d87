"""Nothing of a company or a person is left after its deletion, wherever it stood."""

import re
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, sessionmaker

from app.errors import InvalidInput, NotFound, PdfElsewhere, RunsUnfinished
from app.infrastructure.db.models import (
    AgentMessage,
    AgentSession,
    Base,
    Company,
    CompanyTaxInfo,
    Memory,
    Run,
    ScheduledNotification,
    SiiCredential,
    TaxDocument,
    User,
)
from app.infrastructure.db.session import get_session_factory
from app.infrastructure.mem0.postgres import PostgresStore
from app.infrastructure.pdf_store_directory import DirectoryStore
from app.services.attempts import Attempt
from app.services.belonging import search
from app.services.deletion import delete_company, delete_person
from app.services.memories import save_user_memories
from app.services.memory_deletion import forget_memories
from app.services.notification_seeds import seed_notification_templates
from app.services.obligations import seed_event_templates
from app.services.pdf_storage import PdfStores
from tests.unit.keeping.planting import ANA, LUZ, TABLES, Planted, companys_own, plant
from tests.unit.test_cli import fiscal


class Postbox:
    """Notes what is published."""

    def __init__(self) -> None:
        self.runs: list[Run] = []

    def queue_of(self, task: str) -> str:
        return "default"

    def publish(self, run: Run) -> None:
        self.runs.append(run)


@pytest.fixture
def sessions(database_url: str) -> sessionmaker[Session]:
    sessions = get_session_factory()
    with sessions.begin() as session:
        seed_event_templates(session)
        seed_notification_templates(session)
    return sessions


@pytest.fixture
def pdfs(tmp_path: Path) -> PdfStores:
    store = DirectoryStore(tmp_path)
    for who in (ANA, LUZ):
        store.put(f"{who.company_id}/1-a.pdf", b"%PDF-")
        store.put(f"{who.company_id}/2-of-no-row.pdf", b"%PDF-")
    return PdfStores(outside={"directory": store})


def plant_companies(sessions: sessionmaker[Session]) -> set[str]:
    """Plants both, named as companies everywhere but in the table of people."""
    columns = set()
    with sessions.begin() as session:
        for who in (ANA, LUZ):
            text = dict.fromkeys(TABLES, who.of_company) | {"users": who.of_person}
            columns |= plant(session, who, text)
            told = f"Trabaja en {who.company_name}."
            session.add_all([
                _memory(who, "of_its_member", told),
                _memory(who, f"user_role_{who.company_id}", "owner"),
                Run(id=uuid4(), task="memory.save_user_memories", state="failed",
                    finished_at=func.now(),
                    kwargs={"user_id": str(who.user_id), "memories": [told]}),
                Run(id=uuid4(), task="sii.sync_documents", state="queued",
                    company_id=who.company_id, dedupe_key=f"sii:{who.company_id}"),
            ])  # fmt: skip
    return columns


def _memory(who: Planted, slug: str, content: str, **changes: Any) -> Memory:
    row = {"owner_type": "user", "owner_id": who.user_id, "slug": slug, "category": "work",
           "content": content, "content_hash": "", "store": "postgres",
           "state": "stored"}  # fmt: skip
    return Memory(**row | changes)


def snapshot(sessions: sessionmaker[Session], who: Planted) -> list[Any]:
    """Returns every row that names somebody, whole."""
    rows = []
    with sessions() as session:
        for table in TABLES.values():
            for row in session.execute(select(table)).mappings():
                text = str(dict(row))
                if any(mark in text for mark in (*who.of_company, *who.of_person)):
                    rows.append((table.name, text))
    return sorted(rows)


def found(sessions: sessionmaker[Session], names: tuple[str, ...]) -> dict[str, int]:
    with sessions() as session:
        return search(session, names)


def test_of_a_company_nothing_is_left_in_any_table(
    sessions: sessionmaker[Session], pdfs: PdfStores, tmp_path: Path
) -> None:
    named = plant_companies(sessions) - {f"users.{column.name}" for column in TABLES["users"].c}
    before = found(sessions, ANA.of_company)
    assert before.keys() >= named, "the search must look into every column"
    bystander = snapshot(sessions, LUZ)
    postbox = Postbox()

    counted = delete_company(sessions, postbox, pdfs, "76.123.456-0", dry_run=True)
    assert found(sessions, ANA.of_company) == before
    assert len(list(tmp_path.rglob("*.pdf"))) == 4
    assert postbox.runs == []

    done = delete_company(sessions, postbox, pdfs, ANA.rut, dry_run=False)
    assert done.rows == counted.rows
    assert (done.ended, done.pdfs, counted.pdfs) == (1, 2, 1)
    # An empty row keeps its slug until its run has looked for it in Mem0: see the next test.
    assert found(sessions, ANA.of_company) == done.left == {"memories.slug": 1}
    assert {run.id for run in postbox.runs} == set(done.forgetting)
    for each in postbox.runs:
        assert each.kwargs is not None
        assert each.kwargs["owner_id"] in (str(ANA.company_id), str(ANA.user_id))
    with sessions() as session:
        for name in companys_own():
            table = Base.metadata.tables[name]
            assert session.scalar(select(func.count()).select_from(table)) == 1, name
        assert session.get(User, ANA.user_id) is not None
    assert snapshot(sessions, LUZ) == bystander
    assert {path.parent.name for path in tmp_path.rglob("*.pdf")} == {str(LUZ.company_id)}


def test_memories_leave_mem0_after_their_company(
    sessions: sessionmaker[Session], database_url: str
) -> None:
    plant_companies(sessions)
    store = PostgresStore(database_url, {"embedding_dims": 512})
    with sessions.begin() as session:
        run = Run(id=uuid4(), task="memory.save_user_memories", state="running", attempts=1)
        session.add(run)
    fact = {"slug": "likes", "category": "work", "content": f"Fundó {ANA.company_name}."}
    save_user_memories(sessions, store, attempt=Attempt(run.id, 1), user_id=str(ANA.user_id),
                       memories=[fact])  # fmt: skip
    with sessions.begin() as session:
        session.execute(update(Run).where(Run.id == run.id).values(
            state="succeeded", finished_at=func.now()))  # fmt: skip
    assert "mem0_memories.payload" in found(sessions, ANA.of_company)
    postbox = Postbox()
    done = delete_company(sessions, postbox, PdfStores(outside={"directory": Nothing()}),
                          ANA.rut, dry_run=False)  # fmt: skip
    assert done.left == {"mem0_memories.payload": 1, "memories.slug": 1}
    for each in postbox.runs:
        with sessions.begin() as session:
            session.execute(update(Run).where(Run.id == each.id).values(
                state="running", attempts=1))  # fmt: skip
        assert each.kwargs is not None
        forget_memories(sessions, store, attempt=Attempt(each.id, 1), **each.kwargs)
    store.close()
    assert found(sessions, ANA.of_company) == {}


class Nothing:
    """A store of PDFs that is empty."""

    def put(self, key: str, content: bytes) -> None:
        raise AssertionError

    def get(self, key: str) -> bytes:
        raise AssertionError

    def delete_folder(self, folder: str) -> int:
        return 0


# What of a company's rows may name a person. `kept`: documents of another taxpayer, as SII has
# them. Whoever adds a column of such a name says here what a person's deletion does with it.
PERSONAL = re.compile("rut|mail|phone|name|user|person|owner|login|address")
OF_COMPANIES = {
    "companies.rut": "the company's",
    "companies.business_name": "the company's",
    "company_tax_info.activity_name": "the company's",
    "tax_documents.counterpart_rut": "kept",
    "tax_documents.counterpart_name": "kept",
    "received_fees.issuer_rut": "kept",
    "received_fees.issuer_name": "kept",
    "sii_credentials.login_rut": "deleted with the person",
    "memberships.user_id": "deleted with the person",
    "notification_preferences.user_id": "deleted with the person",
    "notification_deliveries.user_id": "deleted with the person",
    "onboardings.user_id": "emptied",
}


def test_no_column_of_a_company_names_a_person_unnoticed() -> None:
    columns = {
        f"{name}.{column.name}"
        for name in companys_own()
        for column in Base.metadata.tables[name].c
        if PERSONAL.search(column.name)
    }
    assert columns == set(OF_COMPANIES)


@pytest.fixture
def person(sessions: sessionmaker[Session]) -> set[str]:
    """Plants Ana as a person wherever she can stand, and Luz; returns the columns that name her."""
    columns: set[str] = set()
    personal = {"memberships", "notification_preferences", "notification_deliveries"}
    with sessions.begin() as session:
        for who in (ANA, LUZ):
            text = {
                name: who.of_company if name in companys_own() - personal else who.of_person
                for name in TABLES
            }
            columns |= {
                each
                for each in plant(session, who, text)
                if each.partition(".")[0] not in companys_own() - personal
            }
            session.flush()
            session.execute(update(SiiCredential).where(SiiCredential.company_id == who.company_id)
                            .values(login_rut=who.person_rut))  # fmt: skip
            session.execute(
                update(ScheduledNotification)
                .where(ScheduledNotification.company_id == who.company_id)
                .values(context={"login_rut": who.person_rut}, status="pending")
            )
            session.execute(
                update(CompanyTaxInfo).where(CompanyTaxInfo.company_id == who.company_id).values(
                    raw={"rut": who.rut, "representantes": [
                        {"nombre": who.person_name.upper(), "cargo": "GERENTE"}, {"nombre": "X"}]}
                )
            )  # fmt: skip
            session.add_all([
                _memory(who, "taste", "Toma café."),
                AgentSession(session_id=f"whatsapp:{who.phone}"),
                AgentSession(session_id=f"other-{who.number}"),
            ])  # fmt: skip
            session.flush()
            session.add(AgentMessage(session_id=f"other-{who.number}",
                                     message_data=f'{{"content": "de {who.email}"}}'))  # fmt: skip
        session.execute(update(TaxDocument).where(TaxDocument.company_id == LUZ.company_id).values(
            counterpart_rut=ANA.person_rut, counterpart_name=ANA.person_name))  # fmt: skip
    return columns


def test_of_a_person_nothing_is_left_but_in_other_taxpayers_documents(
    sessions: sessionmaker[Session], person: set[str]
) -> None:
    before = found(sessions, ANA.of_person)
    assert before.keys() >= person
    with sessions() as session:
        luz = search(session, LUZ.of_person)
    counted = delete_person(sessions, Postbox(), PdfStores(), ANA.email, dry_run=True)
    assert found(sessions, ANA.of_person) == before
    done = delete_person(sessions, Postbox(), PdfStores(), str(ANA.user_id), dry_run=False)
    assert done.rows == counted.rows
    left = {"tax_documents.counterpart_rut": 1, "tax_documents.counterpart_name": 1,
            "memories.slug": 1}  # fmt: skip
    assert found(sessions, ANA.of_person) == left
    assert done.left == left
    assert found(sessions, LUZ.of_person) == luz
    with sessions() as session:
        assert session.get(Company, ANA.company_id) is not None
        info = session.scalars(
            select(CompanyTaxInfo).where(CompanyTaxInfo.company_id == ANA.company_id)
        ).one()
        assert info.raw == {"rut": ANA.rut, "representantes": [{"nombre": "X"}]}
        notice = session.scalars(
            select(ScheduledNotification).where(ScheduledNotification.company_id == ANA.company_id)
        ).one()
        assert (notice.status, notice.context) == ("cancelled", {})


def test_a_run_at_work_refuses_the_deletion_and_nothing_changes(
    sessions: sessionmaker[Session], pdfs: PdfStores
) -> None:
    plant_companies(sessions)
    with sessions.begin() as session:
        session.add(Run(id=uuid4(), task="sii.sync_f29", state="running", attempts=1,
                        company_id=ANA.company_id))  # fmt: skip
    before = snapshot(sessions, ANA)
    with pytest.raises(RunsUnfinished, match=r"sii.sync_f29\) is at work for this company; noth"):
        delete_company(sessions, Postbox(), pdfs, ANA.rut, dry_run=False)
    assert snapshot(sessions, ANA) == before


def test_pdfs_that_cannot_be_reached_refuse_the_deletion(sessions: sessionmaker[Session]) -> None:
    plant_companies(sessions)
    before = snapshot(sessions, ANA)
    with pytest.raises(PdfElsewhere, match="the store directory, whose settings are gone"):
        delete_company(sessions, Postbox(), PdfStores(), ANA.rut, dry_run=False)
    assert snapshot(sessions, ANA) == before


def test_the_command_counts_first_and_deletes_with_yes(
    sessions: sessionmaker[Session], database_url: str, redis_url: str
) -> None:
    with sessions.begin() as session:
        session.add(Company(rut=ANA.rut, business_name=ANA.company_name))
    environment = {"DATABASE_URL": database_url, "REDIS_URL": redis_url}
    counted = fiscal("delete", "company", ANA.rut, **environment)
    assert counted.returncode == 0, counted.stderr
    assert re.search(r"would be deleted\n  companies +1\n", counted.stdout)
    assert counted.stdout.endswith("Nothing was deleted; add --yes to do it.\n")
    assert fiscal("delete", "company", ANA.rut, "--yes", **environment).returncode == 0
    again = fiscal("delete", "company", ANA.rut, "--yes", **environment)
    assert (again.returncode, again.stderr) == (64, f"There is no company {ANA.rut}.\n")


@pytest.mark.parametrize(
    ("act", "given", "kind", "sentence"),
    [
        pytest.param(delete_company, "76000001-9", NotFound, "no company 76000001-9", id="rut"),
        pytest.param(delete_company, str(UUID(int=7)), NotFound, "There is no company", id="id"),
        pytest.param(delete_company, "76000001-8", InvalidInput, "check digit", id="typo"),
        pytest.param(delete_person, "nobody@x.example", NotFound, "no person nobody", id="mail"),
        pytest.param(delete_person, "dueno@x.example", InvalidInput, "is a company", id="both"),
    ],
)
def test_what_cannot_be_meant_is_one_sentence(
    sessions: sessionmaker[Session], act: Any, given: str, kind: type[Exception], sentence: str
) -> None:
    with sessions.begin() as session:
        session.add(Company(rut="12345678-5", business_name="Juan Soto"))
        session.add(User(email="dueno@x.example", full_name="Juan Soto", rut="12345678-5"))
    with pytest.raises(kind, match=sentence):
        act(sessions, Postbox(), PdfStores(), given, dry_run=False)
