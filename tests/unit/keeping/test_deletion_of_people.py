"""Nothing of a person is left after its deletion but in other taxpayers' documents."""

import re

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session, sessionmaker

from app.infrastructure.db.models import (
    AgentMessage,
    AgentSession,
    Base,
    Company,
    CompanyTaxInfo,
    ScheduledNotification,
    SiiCredential,
    TaxDocument,
)
from app.services.belonging import search
from app.services.deletion import delete_person
from app.services.pdf_storage import PdfStores
from tests.unit.keeping.deletions import found, memory_of
from tests.unit.keeping.planting import ANA, LUZ, TABLES, companys_own, plant
from tests.unit.publishers import Published

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
                memory_of(who, "taste", "Toma café."),
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
    counted = delete_person(sessions, Published(), PdfStores(), ANA.email, dry_run=True)
    assert found(sessions, ANA.of_person) == before
    done = delete_person(sessions, Published(), PdfStores(), str(ANA.user_id), dry_run=False)
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
