"""Templates with a method of their own, the seeds, and the clave that SII refuses."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session, sessionmaker

from app.errors import InvalidInput, NotFound
from app.infrastructure.db.models import (
    Company,
    EventTemplate,
    NotificationSubscription,
    NotificationTemplate,
    ScheduledNotification,
    SiiCredential,
    TaxDocument,
)
from app.infrastructure.db.session import get_session_factory
from app.services.credential_notifications import tell_of_refusal
from app.services.messages import render
from app.services.notification_seeds import all_templates, seed_notification_templates
from app.services.template_contexts import EXAMPLES
from app.services.template_notifications import period_of, process_template_notification

NOW = datetime(2026, 11, 3, 15, tzinfo=UTC)


@pytest.fixture
def sessions(database_url: str) -> sessionmaker[Session]:
    with get_session_factory().begin() as session:
        seed_notification_templates(session)
        for rut in ("70123456-1", "77100200-5"):
            company = Company(rut=rut, business_name="Ferretería")
            company.credential = SiiCredential(login_rut=rut, secret=rut, status="invalid")
            session.add(company)
            session.flush()
            for code in ("refused", "monthly_summary"):
                if code == "refused":
                    session.merge(
                        NotificationTemplate(
                            code=code, subject="{{ company }}", body="{{ login_rut }}",
                            method="refused_credentials", whatsapp_parameters=[],
                        )
                    )  # fmt: skip
                    session.flush()
                session.add(NotificationSubscription(company_id=company.id, template_code=code))
    return get_session_factory()


def test_a_method_tells_each_company_once_per_period_also_eight_at_once(
    sessions: sessionmaker[Session],
) -> None:
    def ask(_: int) -> int:
        with sessions.begin() as session:
            result = process_template_notification(session, "refused", now=NOW)
        assert result["companies_processed"] == result["total"] == 2
        assert (result["start_date"], result["end_date"]) == ("2026-11-02", "2026-11-08")
        return int(result["notifications_created"])

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(ask, range(8))) == 2
    with sessions.begin() as session:
        again = process_template_notification(session, "daily", run_date="2026-11-09", now=NOW)
        assert again["notifications_created"] == 2, "the next week"


def test_an_unknown_template_and_one_without_a_method_are_named(
    sessions: sessionmaker[Session],
) -> None:
    with sessions() as session:
        with pytest.raises(NotFound, match="no notification template nothing"):
            process_template_notification(session, "nothing")
        with pytest.raises(InvalidInput, match="sii_credential_refused has no method"):
            process_template_notification(session, "sii_credential_refused")
        with pytest.raises(InvalidInput, match="run_date"):
            process_template_notification(session, "refused", run_date="yesterday")
        session.execute(update(NotificationTemplate).values(method="__class__"))
        with pytest.raises(InvalidInput, match="no method"):
            process_template_notification(session, "refused")


def test_the_summary_is_about_the_month_before() -> None:
    assert period_of("monthly_summary", date(2026, 3, 31)) == (date(2026, 2, 1), date(2026, 2, 28))


def test_the_summary_subtracts_credit_notes_and_leaves_out_what_vanished(
    sessions: sessionmaker[Session],
) -> None:
    with sessions.begin() as session:
        company = session.scalars(select(Company).filter_by(rut="70123456-1")).one()
        for folio, doc_type, vanished_at in ((1, 33, None), (2, 61, None), (3, 33, NOW)):
            session.add(
                TaxDocument(
                    company_id=company.id, direction="sale", doc_type=doc_type, folio=folio,
                    counterpart_rut="77100200-5", counterpart_name="Cliente", exempt=0, net=0,
                    vat=0, total=1000 if doc_type == 33 else 300, period="2026-10",
                    accounting_state="REGISTRO", issue_date=date(2026, 10, 5), row_hash="0" * 64,
                    vanished_at=vanished_at,
                )
            )  # fmt: skip
        session.flush()
        assert process_template_notification(session, "monthly_summary", now=NOW)["total"] == 1
        context = session.scalars(select(ScheduledNotification.context)).one()
    assert (context["sales"], context["sales_total"], context["purchases_total"]) == (2, 700, 0)


@pytest.mark.parametrize("row", list(all_templates()), ids=lambda row: row["code"])
def test_every_seeded_text_can_be_written(row: dict[str, object]) -> None:
    text = render(NotificationTemplate(**row), EXAMPLES)
    assert "{" not in text.subject + text.body
    assert len(text.subject) < 120
    assert text.parameters


def test_seeds_are_added_once_and_an_edit_survives(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        for code in {row["event_code"] for row in all_templates()} - {None}:
            session.merge(
                EventTemplate(
                    code=code, name=code, category="tax", authority="SII", is_mandatory=True,
                    display_days_before=30,
                )
            )  # fmt: skip
        session.get_one(NotificationTemplate, "monthly_summary").body = "Editado"
        session.flush()
        seed_notification_templates(session)
        assert seed_notification_templates(session) == []
        codes = set(session.scalars(select(NotificationTemplate.code)))
        assert codes >= {row["code"] for row in all_templates()}
        assert session.get_one(NotificationTemplate, "monthly_summary").body == "Editado"


def test_a_refused_clave_is_told_once_per_clave(sessions: sessionmaker[Session]) -> None:
    def told() -> int:
        with sessions() as session:
            key = ScheduledNotification.dedupe_key
            found = session.scalars(select(key).where(key.startswith("credential:"))).all()
            assert not any("70123456-1" in each for each in found)
            return len(found)

    for secret, expected in (("one", 1), ("one", 1), ("two", 2)):
        with sessions.begin() as session:
            credential = session.scalars(
                select(SiiCredential).where(SiiCredential.login_rut == "70123456-1")
            ).one()
            credential.secret = secret
            tell_of_refusal(session, credential)
        assert told() == expected
