"""Which step starts when, and that none starts twice."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from app.errors import AlreadyExists, InvalidInput, NotFound, RunTakenOver
from app.infrastructure.db.models import (
    Company,
    CompanyTaxInfo,
    Membership,
    Onboarding,
    Run,
    SiiCredential,
    User,
)
from app.services import onboarding
from app.services.attempts import Attempt
from app.services.document_fan_out import sync_documents_all_companies
from app.services.obligations import (
    activate_mandatory_events,
    followed_by,
    seed_event_templates,
)
from app.services.onboarding_steps import STEPS
from app.services.registration import Owner, PortalLogin, register_company
from app.services.runs import enqueue
from tests.unit.onboarding.desk import FACTS, RUT, Desk

TASKS = [step.task for step in STEPS]
NAMES = [step.name for step in STEPS]


def test_a_new_company_begins_with_its_login_and_nothing_else(desk: Desk) -> None:
    company = desk.register()
    (run,) = desk.runs()
    assert desk.published.tasks == ["sii.sync_documents"]
    assert run.kwargs == {"company_id": str(company), "months": 2}
    assert run.root_id == desk.onboarding().id
    assert desk.states(company) == dict.fromkeys(NAMES, "waiting") | {"documents": "queued"}
    with desk.sessions() as session:
        member = session.scalars(select(Membership)).one()
    assert (member.user_id, member.role) == (desk.onboarding().user_id, "owner")


def test_the_facts_start_what_needs_only_them_while_documents_are_still_read(desk: Desk) -> None:
    company = desk.register()
    desk.learn(company)
    assert desk.published.tasks[1:] == [
        "calendar.activate_mandatory_events",
        "memory.save_onboarding_memories",
    ]
    with desk.sessions() as session:
        info = session.scalars(select(CompanyTaxInfo)).one()
    assert (info.f29_due_day, str(info.started_on)) == (20, "2023-02-01")
    assert desk.run("memories").kwargs == {
        "company_id": str(company),
        "user_id": str(desk.onboarding().user_id),
        "company_tax_info_id": str(info.id),
        "is_new_company": True,
    }


def test_each_step_starts_the_next_and_the_last_one_ends_it(desk: Desk) -> None:
    company = desk.register()
    desk.learn(company)
    for name in ("obligations", "calendar", "reminders", "notifications", "memories"):
        assert desk.progress(company).state == "running"
        desk.succeed(name)
    assert desk.progress(company).finished_at is None
    desk.succeed("documents")
    assert desk.progress(company).state == "done"
    assert desk.progress(company).finished_at is not None
    assert sorted(desk.published.tasks) == sorted(TASKS)  # each once


def test_what_the_portal_says_later_switches_on_what_now_applies(desk: Desk) -> None:
    company = desk.register(owner=None)
    desk.learn(company, {"contribuyente": {"autorizadoDeclararDia20": "S"}})
    with desk.work() as (session, _):
        seed_event_templates(session)
        activate_mandatory_events(session, company)
    for name in ("obligations", "calendar", "reminders", "notifications", "documents"):
        desk.succeed(name)
    assert desk.progress(company).state == "done"
    with desk.work() as (session, outbox):
        before = followed_by(session, company)
        enqueue(session, outbox, task="sii.sync_documents", kwargs={}, company_id=company)
    assert "patente_municipal" not in before
    desk.learn(company)
    with desk.work() as (session, _):
        assert followed_by(session, company) == before | {"patente_municipal": True}


def test_where_the_portal_says_nothing_the_steps_follow_the_documents(desk: Desk) -> None:
    desk.register()
    desk.succeed("documents")
    assert desk.published.tasks[1:] == [
        "calendar.activate_mandatory_events",
        "memory.save_onboarding_memories",
    ]
    assert (desk.run("memories").kwargs or {})["company_tax_info_id"] is None


def test_without_an_owner_there_is_nobody_to_remember_it_for(desk: Desk) -> None:
    company = desk.register(owner=None)
    desk.learn(company)
    assert desk.states(company)["memories"] == "skipped"
    for name in ("obligations", "calendar", "reminders", "notifications", "documents"):
        desk.succeed(name)
    assert desk.progress(company).state == "done"
    assert "memory.save_onboarding_memories" not in desk.published.tasks


def test_a_step_whose_worker_died_before_it_said_so_is_found_by_the_reconciler(desk: Desk) -> None:
    desk.register()
    desk.end("documents")  # and no word of it
    assert onboarding.advance_some(desk.sessions, desk.published) == 2
    assert onboarding.advance_some(desk.sessions, desk.published) == 0


def test_two_at_once_start_each_step_once(desk: Desk) -> None:
    company = desk.register()
    desk.end("documents")

    def advance(number: int) -> None:
        if number % 2:
            onboarding.after_run(desk.sessions, desk.published, desk.onboarding().id)
        else:
            with desk.work() as (session, outbox):
                onboarding.advance(session, outbox, company)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(advance, range(8)))
    assert Counter(desk.published.tasks) == dict.fromkeys(
        ["sii.sync_documents", "calendar.activate_mandatory_events",
         "memory.save_onboarding_memories"], 1,
    )  # fmt: skip


def test_two_ends_at_once_miss_nothing(desk: Desk) -> None:
    """Each end sees the other's or is seen by it: the onboarding is found to be through."""
    company = desk.register()
    desk.learn(company)
    for name in ("obligations", "calendar", "reminders"):
        desk.succeed(name)
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(desk.succeed, ("documents", "memories", "notifications")))
    assert desk.progress(company).state == "done"


def test_a_late_attempt_stores_no_facts_and_starts_nothing(desk: Desk) -> None:
    company = desk.register()
    run = desk.run("documents")
    with pytest.raises(RunTakenOver):
        onboarding.learn_facts(
            desk.sessions, desk.published, Attempt(run.id, run.attempts + 1), company, FACTS
        )
    assert desk.published.tasks == ["sii.sync_documents"]
    with desk.sessions() as session:
        assert session.scalars(select(CompanyTaxInfo)).all() == []


def test_facts_that_each_attempt_learns_are_no_sign_that_a_run_is_healthy(desk: Desk) -> None:
    company = desk.register()
    run = desk.run("documents")
    with desk.sessions.begin() as session:
        session.execute(text("UPDATE runs SET crashes = 4 WHERE id = :id"), {"id": run.id})
    desk.learn(company)
    assert desk.run("documents").crashes == 4
    with desk.sessions.begin() as session:
        Attempt(run.id, run.attempts).hold(session)  # as a register that is stored does
    assert desk.run("documents").crashes == 0


def test_the_daily_sync_does_not_double_the_first_one(desk: Desk) -> None:
    desk.register()
    with desk.work() as (session, outbox):
        result = sync_documents_all_companies(session, outbox, run_id=uuid4(), months=2)
    assert [one["state"] for one in result["results"]] == ["already_started"]


def test_a_sync_of_somebody_elses_serves_and_the_own_one_follows(desk: Desk) -> None:
    company = desk.register(login=False)
    desk.put_credential(company)
    desk.end("documents", "failed", error_code="sii_unavailable")
    with desk.work() as (session, outbox):
        sync_documents_all_companies(session, outbox, run_id=uuid4(), months=2)
        onboarding.resume(session, outbox, company)
    theirs = desk.run("documents")
    assert theirs.root_id != desk.onboarding().id
    desk.end("documents")
    assert onboarding.advance_some(desk.sessions, desk.published) == 1
    assert desk.run("documents").root_id == desk.onboarding().id


def test_nothing_is_half_registered(desk: Desk) -> None:
    with pytest.raises(InvalidInput), desk.work() as (session, outbox):
        register_company(
            session, outbox, desk.cipher, rut=RUT, business_name="x",
            owner=Owner("no address", "Ana"), login=PortalLogin(RUT, "x"),
        )  # fmt: skip
    desk.register()
    with pytest.raises(AlreadyExists):
        desk.register()
    with desk.sessions() as session:
        for table in (Company, User, Membership, SiiCredential, Onboarding, Run):
            assert len(session.scalars(select(table)).all()) == 1


def test_a_company_without_an_onboarding_is_told_so(desk: Desk) -> None:
    company = desk.register(login=False)
    with pytest.raises(NotFound, match="put its credential"):
        desk.progress(company)
    assert desk.published.tasks == []
    assert onboarding.advance_some(desk.sessions, desk.published) == 0


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.sampled_from(["learn", "reconcile", *NAMES]), max_size=14))
def test_in_whatever_order_things_happen_no_step_starts_early_or_twice(
    desk: Desk, happenings: list[str]
) -> None:
    with desk.sessions.begin() as session:
        session.execute(text("TRUNCATE companies, users, runs CASCADE"))
    desk.published.runs.clear()
    company = desk.register()
    for happening in happenings:
        started = {run.task for run in desk.runs()}
        if happening == "reconcile":
            onboarding.advance_some(desk.sessions, desk.published)
        elif happening == "learn":
            if desk.run("documents").finished_at is None:
                desk.learn(company)
        elif TASKS[NAMES.index(happening)] in started:
            desk.succeed(happening)
        assert max(Counter(desk.published.tasks).values()) == 1
        states = desk.states(company)
        for step in STEPS:
            if states[step.name] != "waiting":
                assert all(states[before] == "succeeded" for before in step.after)
    assert (desk.progress(company).state == "done") == (
        set(desk.states(company).values()) == {"succeeded"}
    )
    assert datetime.now(UTC) >= desk.progress(company).started_at
