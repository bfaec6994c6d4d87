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
    Base,
    Company,
    Run,
    User,
)
from app.infrastructure.mem0.postgres import PostgresStore
from app.services.attempts import Attempt
from app.services.deletion import delete_company, delete_person
from app.services.memories import save_user_memories
from app.services.memory_deletion import forget_memories
from app.services.pdf_storage import PdfStores
from tests.unit.keeping.deletions import found, plant_companies, snapshot
from tests.unit.keeping.planting import ANA, LUZ, TABLES, companys_own
from tests.unit.publishers import Published
from tests.unit.test_cli import fiscal


def test_of_a_company_nothing_is_left_in_any_table(
    sessions: sessionmaker[Session], pdfs: PdfStores, tmp_path: Path
) -> None:
    named = plant_companies(sessions) - {f"users.{column.name}" for column in TABLES["users"].c}
    before = found(sessions, ANA.of_company)
    assert before.keys() >= named, "the search must look into every column"
    bystander = snapshot(sessions, LUZ)
    published = Published()

    counted = delete_company(sessions, published, pdfs, "76.123.456-0", dry_run=True)
    assert found(sessions, ANA.of_company) == before
    assert len(list(tmp_path.rglob("*.pdf"))) == 4
    assert published.runs == []

    done = delete_company(sessions, published, pdfs, ANA.rut, dry_run=False)
    assert done.rows == counted.rows
    assert (done.ended, done.pdfs, counted.pdfs) == (1, 2, 1)
    # An empty row keeps its slug until its run has looked for it in Mem0: see the next test.
    assert found(sessions, ANA.of_company) == done.left == {"memories.slug": 1}
    assert {run.id for run in published.runs} == set(done.forgetting)
    for each in published.runs:
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
    published = Published()
    done = delete_company(sessions, published, PdfStores(outside={"directory": Nothing()}),
                          ANA.rut, dry_run=False)  # fmt: skip
    assert done.left == {"mem0_memories.payload": 1, "memories.slug": 1}
    for each in published.runs:
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


def test_a_run_at_work_refuses_the_deletion_and_nothing_changes(
    sessions: sessionmaker[Session], pdfs: PdfStores
) -> None:
    plant_companies(sessions)
    with sessions.begin() as session:
        session.add(Run(id=uuid4(), task="sii.sync_f29", state="running", attempts=1,
                        company_id=ANA.company_id))  # fmt: skip
    before = snapshot(sessions, ANA)
    with pytest.raises(RunsUnfinished, match=r"sii.sync_f29\) is at work for this company; noth"):
        delete_company(sessions, Published(), pdfs, ANA.rut, dry_run=False)
    assert snapshot(sessions, ANA) == before


def test_pdfs_that_cannot_be_reached_refuse_the_deletion(sessions: sessionmaker[Session]) -> None:
    plant_companies(sessions)
    before = snapshot(sessions, ANA)
    with pytest.raises(PdfElsewhere, match="the store directory, whose settings are gone"):
        delete_company(sessions, Published(), PdfStores(), ANA.rut, dry_run=False)
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
        act(sessions, Published(), PdfStores(), given, dry_run=False)
