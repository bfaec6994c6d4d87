"""The demo: where it refuses to run, what it seeds, and how it compares. The whole of it runs in
tests/integration, on the images."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import select

from app.cli.demo.outcome import stored_books
from app.cli.demo.seed import DemoCompany, in_turns, schedule_notifications, seed_companies
from app.cli.demo.simulator import SeededCompany, Simulator
from app.domain.periods import Period
from app.errors import ConfigurationError, SiiUnavailable
from app.infrastructure.cipher import Cipher
from app.infrastructure.db.models import (
    Company,
    DailyBoletas,
    Membership,
    ReceivedFee,
    SiiCredential,
    TaxDocument,
    User,
)
from app.infrastructure.db.session import session_scope
from tests.simulator import running_simulator
from tests.unit.test_cli import assert_one_sentence, fiscal

SEEDED = SeededCompany("76543210-3", "Panadería Inventada SpA", "70000001-K", "clave-1")


@pytest.fixture
def cipher() -> Cipher:
    return Cipher([Fernet.generate_key().decode()])


@pytest.fixture(scope="module")
def simulator_url() -> Iterator[str]:
    """Yields the portal URL of a real simulator process."""
    with running_simulator() as simulator:
        yield f"{simulator.url}/zeusr"


@pytest.mark.parametrize("command", ["demo", "seed"])
def test_it_does_not_run_in_production(database_url: str, command: str) -> None:
    done = fiscal(
        command,
        FISCAL_ENVIRONMENT="production",
        DATABASE_URL=database_url,
        SII_AUTH_URL="https://zeusr.sii.cl",
    )
    assert done.returncode == 64
    assert "production" in done.stderr
    assert_one_sentence(done.stderr)


def test_seeding_needs_the_keys_before_it_asks_anybody(database_url: str) -> None:
    done = fiscal("seed", DATABASE_URL=database_url, SII_AUTH_URL="http://127.0.0.1:1/zeusr")
    assert done.returncode == 64
    assert "SECRET_KEYS is not set" in done.stderr
    assert_one_sentence(done.stderr)


def test_seeding_twice_stores_every_company_once(database_url: str, simulator_url: str) -> None:
    keys = Fernet.generate_key().decode()
    environment = {"DATABASE_URL": database_url, "SII_AUTH_URL": simulator_url}
    stored = []
    for _ in range(2):
        done = fiscal("seed", SECRET_KEYS=keys, **environment)
        assert done.returncode == 0, done.stderr
        assert done.stdout == "seeded: 8 companies of the simulator are there\n"
        with session_scope() as session:
            logins = session.execute(select(SiiCredential.company_id, SiiCredential.secret))
            stored.append(dict(logins.tuples().all()))
            assert len(session.scalars(select(Membership)).all()) == 8
    assert len(stored[0]) == 8
    assert stored[0] == stored[1]  # not even encrypted anew


@pytest.mark.parametrize("url", ["https://zeusr.sii.cl", "https://SII.cl/x"])
def test_it_never_asks_the_real_portal(url: str) -> None:
    with pytest.raises(ConfigurationError, match="real portal"):
        Simulator(url)


def test_a_simulator_that_is_down_is_a_sentence() -> None:
    with pytest.raises(SiiUnavailable, match="does not answer"):
        Simulator("http://127.0.0.1:1/zeusr").companies()


def test_it_learns_the_companies_and_their_documents_from_the_simulator(simulator_url: str) -> None:
    simulator = Simulator(simulator_url)
    companies = simulator.companies()
    assert len(companies) == 8  # A to G, F represents two
    assert [company.is_refused for company in companies].count(True) == 1
    assert all(company.clave not in repr(company) for company in companies)
    facts = simulator.books(companies[0].rut, Period(2026, 9))
    assert {fact[0] for fact in facts} == {"purchase", "sale", "boletas", "fees"}
    assert simulator.message_ids() == set()


def test_companies_that_share_a_login_take_turns() -> None:
    logins = {"a": "1-9", "b": "2-7", "c": "1-9", "d": "1-9"}
    companies = [DemoCompany(uuid4(), name, name, login, False) for name, login in logins.items()]
    turns = [[company.name for company in turn] for turn in in_turns(companies)]
    assert turns == [["a", "b"], ["c"], ["d"]]


def test_seeding_again_leaves_a_refused_clave_refused(database_url: str, cipher: Cipher) -> None:
    with session_scope() as session:
        (company,) = seed_companies(session, cipher, [SEEDED])
    with session_scope() as session:
        session.get_one(SiiCredential, company.id).status = "invalid"
    with session_scope() as session:
        (again,) = seed_companies(session, cipher, [SEEDED])
    assert again == company
    with session_scope() as session:
        credential = session.get_one(SiiCredential, company.id)
        assert credential.status == "invalid"
        assert cipher.decrypt(credential.secret) == "clave-1"
        assert len(session.scalars(select(Membership)).all()) == 1
        assert session.scalars(select(User.phone)).one() == "+56987654321"


def test_a_clave_that_no_key_decrypts_any_more_is_seeded_anew(
    database_url: str, cipher: Cipher
) -> None:
    with session_scope() as session:
        (company,) = seed_companies(session, cipher, [SEEDED])
    other = Cipher([Fernet.generate_key().decode()])
    with session_scope() as session:
        seed_companies(session, other, [SEEDED])
    with session_scope() as session:
        secret = session.get_one(SiiCredential, company.id).secret
    assert other.decrypt(secret) == "clave-1"


def test_each_demo_schedules_one_message_per_company(database_url: str, cipher: Cipher) -> None:
    ids: set[UUID] = set()
    for minute in (1, 2):
        with session_scope() as session:
            companies = seed_companies(session, cipher, [SEEDED])
            due = datetime(2026, 11, 23, 12, minute, tzinfo=UTC)
            ids.update(schedule_notifications(session, companies, due))
    assert len(ids) == 2


def test_boletas_and_honorarios_are_compared_too(database_url: str) -> None:
    with session_scope() as session:
        company = Company(rut=SEEDED.rut, business_name=SEEDED.business_name)
        session.add(company)
        session.flush()
        day = {"doc_type": 39, "day": date(2026, 11, 5), "period": "2026-11"}
        amounts = {"count": 10, "exempt": 0, "net": 1000, "vat": 190, "total": 1190}
        session.add(DailyBoletas(company_id=company.id, **day, **amounts))
        paid = {"issuer_rut": "70000001-K", "folio": 7, "issue_date": date(2026, 11, 6)}
        paid |= {"status_raw": "N", "gross": 1000, "withheld": 152, "net": 848}
        more = {"issuer_name": "Ana Inventada", "status": "Vigente", "row_hash": "0" * 64}
        session.add(ReceivedFee(company_id=company.id, period="2026-11", **paid, **more))
    assert stored_books(company.id, Period(2026, 11)) == Counter(
        [
            ("boletas", 39, date(2026, 11, 5), 10, 0, 1000, 190, 1190),
            ("fees", *paid.values()),
        ]
    )


def test_a_changed_amount_is_a_difference(database_url: str) -> None:
    fact = ("sale", 33, 7, "76086428-5", date(2026, 11, 3), "REGISTRO", 0, 1000, 190, 0, 1190)
    with session_scope() as session:
        company = Company(rut=SEEDED.rut, business_name=SEEDED.business_name)
        session.add(company)
        session.flush()
        names = (
            "direction", "doc_type", "folio", "counterpart_rut", "issue_date", "accounting_state",
            "exempt", "net", "vat", "vat_non_recoverable", "total",
        )  # fmt: skip
        values = dict(zip(names, fact, strict=True))
        session.add(
            TaxDocument(
                company_id=company.id,
                period="2026-11",
                counterpart_name="Proveedor Inventado",
                row_hash="0" * 64,
                **values,
            )
        )
    stored = stored_books(company.id, Period(2026, 11))
    assert stored == Counter([fact])
    assert stored != Counter([(*fact[:-1], 1191)])
    assert stored_books(company.id, Period(2026, 10)) == Counter()
