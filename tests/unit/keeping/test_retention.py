"""What is old goes, a batch at a time; what is unfinished or makes an effect happen once stays."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, sessionmaker

from app.infrastructure.db.models import (
    AccountSession,
    EventHistory,
    NotificationDelivery,
    Onboarding,
    Run,
    ScheduledNotification,
    SignInTry,
)
from app.infrastructure.db.session import get_session_factory
from app.services import retention
from app.services.accounts import add_account
from app.services.notification_seeds import seed_notification_templates
from app.services.obligations import seed_event_templates
from tests.unit.keeping.planting import LUZ, TABLES, plant

NOW = datetime(2027, 6, 1, tzinfo=UTC)
AGES = retention.Ages(timedelta(days=90), timedelta(days=400), timedelta(days=1095))
LONG_AGO = NOW - timedelta(days=2000)


@pytest.fixture
def sessions(database_url: str, monkeypatch: pytest.MonkeyPatch) -> sessionmaker[Session]:
    """Everything of one company, all of it ended long ago."""
    monkeypatch.setattr(retention, "BATCH", 2)
    sessions = get_session_factory()
    with sessions.begin() as session:
        seed_event_templates(session)
        seed_notification_templates(session)
        plant(session, LUZ, dict.fromkeys(TABLES, LUZ.of_company))
        session.execute(update(Run).values(finished_at=LONG_AGO, counted=False))
        session.execute(update(ScheduledNotification).values(scheduled_for=LONG_AGO, status="sent"))
        session.execute(update(NotificationDelivery).values(status="sent"))
        session.execute(update(EventHistory).values(at=LONG_AGO))
    return sessions


def counts(sessions: sessionmaker[Session]) -> dict[str, int]:
    with sessions() as session:
        return {
            name: session.scalar(select(func.count()).select_from(table)) or 0
            for name, table in TABLES.items()
        }


def run(**values: Any) -> Run:
    return Run(id=uuid4(), task="sii.sync_f29", finished_at=LONG_AGO, **values)


def test_only_what_has_ended_long_ago_goes_and_nothing_else_in_any_table(
    sessions: sessionmaker[Session],
) -> None:
    with sessions.begin() as session:
        session.add_all(run(state="succeeded") for _ in range(4))  # more than a batch
    before = counts(sessions)
    done = retention.clean_up(sessions, AGES, now=NOW)
    assert done == {
        "deliveries": 1,
        "notifications_emptied": 1,
        "history": 1,
        "operator_actions": 0,
        "account_sessions": 0,
        "sign_in_tries": 0,
        "runs": 5,
    }
    gone = {"notification_deliveries": 1, "event_history": 1, "runs": 5, "sync_checkpoints": 1}
    assert counts(sessions) == {name: n - gone.get(name, 0) for name, n in before.items()}
    with sessions() as session:
        kept = session.scalars(select(ScheduledNotification)).one()
        assert kept.context == {}
        assert LUZ.rut in kept.dedupe_key
    assert not any(retention.clean_up(sessions, AGES, now=NOW).values())


@pytest.mark.parametrize(
    ("table", "values"),
    [
        pytest.param(Run, {"finished_at": None, "state": "running"}, id="unfinished run"),
        pytest.param(Run, {"finished_at": NOW - timedelta(days=89)}, id="young run"),
        pytest.param(NotificationDelivery, {"status": "unknown"}, id="delivery in doubt"),
        pytest.param(NotificationDelivery, {"status": "deferred"}, id="delivery to come"),
        pytest.param(ScheduledNotification, {"status": "pending"}, id="notification to come"),
        pytest.param(ScheduledNotification, {"status": "cancelled"}, id="one that may come back"),
    ],
)
def test_what_may_still_act_stays(
    sessions: sessionmaker[Session], table: Any, values: dict[str, Any]
) -> None:
    with sessions.begin() as session:
        session.execute(update(table).values(values))
    retention.clean_up(sessions, AGES, now=NOW)
    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(table)) == 1
        if table is ScheduledNotification:
            assert session.scalars(select(table)).one().context != {}


def test_the_steps_of_an_onboarding_under_way_stay(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        onboarding: UUID = session.scalars(select(Onboarding.id)).one()
        session.execute(update(Onboarding).values(finished_at=None))
        session.add(run(state="succeeded", root_id=onboarding))
    assert retention.clean_up(sessions, AGES, now=NOW)["runs"] == 1
    with sessions.begin() as session:
        assert session.scalars(select(Run.root_id)).all() == [onboarding]
        session.execute(update(Onboarding).values(finished_at=NOW))
    assert retention.clean_up(sessions, AGES, now=NOW)["runs"] == 1


def test_sign_ins_go_once_they_are_over(sessions: sessionmaker[Session]) -> None:
    second = timedelta(seconds=1)
    forgotten = NOW - timedelta(minutes=15)
    with sessions.begin() as session:
        add_account(session, "ana", "operator")
        for number in range(3):  # more than a batch
            over, open_ = f"over {number}", f"open {number}"
            session.add_all([
                AccountSession(token_hash=over, account="ana", expires_at=NOW - second),
                AccountSession(token_hash=open_, account="ana", expires_at=NOW + second),
                SignInTry(name_hash="ana", address=over, tries=6, begun_at=forgotten - second),
                SignInTry(name_hash="ana", address=open_, tries=6, begun_at=forgotten + second),
            ])  # fmt: skip
    done = retention.clean_up(sessions, AGES, now=NOW)
    assert (done["account_sessions"], done["sign_in_tries"]) == (3, 3)
    with sessions() as session:
        left = {f"open {number}" for number in range(3)}
        assert set(session.scalars(select(AccountSession.token_hash))) == left
        assert set(session.scalars(select(SignInTry.address))) == left
