"""What the ledger and its neighbours say of this moment."""

from datetime import UTC, datetime, timedelta

import pytest

from app.infrastructure.db.models import (
    Company,
    NotificationDelivery,
    NotificationTemplate,
    PausedQueue,
    PortalAnswer,
    ScheduledNotification,
    SiiCredential,
    SiiSession,
    User,
)
from app.infrastructure.db.session import session_scope
from app.metrics import postgres_figures
from app.metrics.postgres_figures import PostgresFigures
from app.services.due_entries import store_due_entries
from tests.unit.metrics.ledger import answer, record, shown

pytestmark = pytest.mark.usefixtures("database_url")

OUTCOMES = (
    *(("whatsapp", "unknown"), ("whatsapp", "failed"), ("whatsapp", "sent")),
    *(("email", "sent"), ("email", "sent")),
)


def deliver() -> None:
    """Stores a message for each of OUTCOMES."""
    company = Company(rut="76123456-0", business_name="One")
    person = User(email="ana@example.cl", full_name="Ana")
    with session_scope() as session:
        session.add_all([company, person, NotificationTemplate(code="t", subject="s", body="b")])
        session.flush()
        for number, (channel, status) in enumerate(OUTCOMES):
            notification = ScheduledNotification(
                dedupe_key=str(number),
                company_id=company.id,
                template_code="t",
                scheduled_for=datetime.now(UTC),
            )
            session.add(notification)
            session.flush()
            session.add(
                NotificationDelivery(
                    notification_id=notification.id,
                    user_id=person.id,
                    channel=channel,
                    status=status,
                )
            )


def test_waiting_and_running_runs_are_shown_by_queue_and_state() -> None:
    asked = datetime.now(UTC) - timedelta(minutes=10)
    waiting = {"queued_at": asked, "started_at": None, "finished_at": None}
    record("queued", number=2, **waiting)
    record("queued", **waiting | {"queued_at": asked + timedelta(minutes=5)})
    record("running", finished_at=None, queue="high")
    record()
    found = shown(PostgresFigures().read())
    unfinished = found["fiscal_runs_unfinished"]
    assert unfinished["low", "queued"] == 3
    assert unfinished["high", "running"] == 1
    assert sum(unfinished.values()) == 4
    assert len(unfinished) == 9, "a queue in which nothing waits is shown, too"
    oldest = found["fiscal_queue_oldest_waiting_seconds"]
    assert 600 <= oldest["low",] < 660
    assert (oldest["high",], oldest["default",]) == (0, 0)


def test_runs_that_are_tried_again_are_shown_by_what_ended_their_last_try() -> None:
    unfinished = {"finished_at": None}
    record("retrying", number=2, error_code="sii_unavailable", **unfinished)
    record("retrying", queue="default", error_code="channel_unavailable", **unfinished)
    record("running", error_code="sii_unavailable", **unfinished)
    record("failed", error_code="sii_unavailable")
    assert shown(PostgresFigures().read())["fiscal_runs_retrying"] == {
        ("low", "sii_unavailable"): 2,
        ("default", "channel_unavailable"): 1,
    }


def test_an_entry_is_late_from_its_due_time_on_and_gone_once_it_is_no_more() -> None:
    now = datetime.now(UTC)
    with session_scope() as session:
        store_due_entries(session, {"gone": now, "late": now, "early": now})
    with session_scope() as session:
        due = {"late": now - timedelta(minutes=3), "early": now + timedelta(days=1)}
        store_due_entries(session, due)
    late = shown(PostgresFigures().read())["fiscal_beat_lateness_seconds"]
    assert late.keys() == {("late",), ("early",)}
    assert 180 <= late["late",] < 240
    assert late["early",] == 0
    with session_scope() as session:
        store_due_entries(session, {})
    assert "fiscal_beat_lateness_seconds" not in shown(PostgresFigures().read())


def test_messages_are_shown_by_channel_and_status_and_those_in_doubt_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    figures = PostgresFigures()
    assert shown(figures.read())["fiscal_notification_deliveries_unknown"] == {(): 0}
    deliver()
    found = shown(figures.read())
    assert found["fiscal_notification_deliveries_unknown"] == {(): 1}
    assert "fiscal_notification_deliveries" not in found, "counted again after a minute only"
    monkeypatch.setattr(postgres_figures, "DELIVERIES_KEPT", 0.0)
    assert shown(PostgresFigures().read())["fiscal_notification_deliveries"] == {
        ("whatsapp", "unknown"): 1,
        ("whatsapp", "failed"): 1,
        ("whatsapp", "sent"): 1,
        ("email", "sent"): 2,
    }


def test_logins_are_shown_by_status() -> None:
    with session_scope() as session:
        for number, status in enumerate(("ok", "ok", "invalid")):
            company = Company(rut=str(number), business_name="One")
            company.credential = SiiCredential(login_rut="1-9", secret="x", status=status)
            session.add(company)
    found = shown(PostgresFigures().read())["fiscal_sii_credentials"]
    assert found == {("ok",): 2, ("invalid",): 1}


def test_no_label_names_a_company() -> None:
    record(number=3)
    answer("home", "ok", 1)
    for family in PostgresFigures().read():
        for sample in family.samples:
            assert sample.labels.keys() <= {
                *("queue", "task", "state", "outcome", "error_code", "le", "channel", "status"),
                *("entry", "page", "kind"),
            }


def test_open_sessions_and_paused_queues_are_shown() -> None:
    with session_scope() as session:
        session.add_all([
            SiiSession(login_rut="76123456-0", secret="encrypted"),
            SiiSession(login_rut="77123456-9", secret=None),
            PausedQueue(queue="low", paused_by="ana"),
        ])  # fmt: skip
    found = shown(PostgresFigures().read())
    assert found["fiscal_sii_sessions_open"] == {(): 1}
    assert found["fiscal_queue_paused"] == {("high",): 0, ("default",): 0, ("low",): 1}


def test_answers_of_the_portal_are_a_histogram_that_outlives_a_change_of_its_buckets() -> None:
    answer("home", "ok", 0.01, 0.02)
    answer("home", "ok", 60, 61)
    answer("home", "timeout", 120)
    with session_scope() as session:  # of a release that had other buckets
        session.add(PortalAnswer(page="home", kind="ok", le=0.75, answers=2, seconds=1.25))
    found = shown(PostgresFigures().read())
    buckets = found["fiscal_portal_answer_seconds_bucket"]
    ok = {le: number for (page, kind, le), number in buckets.items() if kind == "ok"}
    assert list(ok.values()) == [1, 2, 2, 2, 2, 2, 4, 4, 4, 4, 4, 5, 6]
    assert (ok["0.01"], ok["0.5"], ok["1.0"], ok["60.0"], ok["+Inf"]) == (1, 2, 4, 5, 6)
    assert buckets["home", "timeout", "60.0"] == 0
    assert found["fiscal_portal_answer_seconds_count"] == {
        ("home", "ok"): 6,
        ("home", "timeout"): 1,
    }
    assert found["fiscal_portal_answer_seconds_sum"]["home", "ok"] == pytest.approx(122.28)
