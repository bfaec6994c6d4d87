"""A login that SII refuses, steps that fail, and how an onboarding goes on."""

from datetime import UTC, datetime, timedelta

import pytest

from app.errors import NotFound
from app.infrastructure.db.models import SiiCredential
from app.services import onboarding
from tests.unit.onboarding.desk import Desk


@pytest.mark.parametrize(("status", "word"), [("invalid", "refused"), ("blocked", "blocked")])
def test_a_refused_login_waits_for_a_new_one_and_is_not_tried_again(
    desk: Desk, status: str, word: str
) -> None:
    company = desk.register()
    desk.refuse(company, status)
    progress = desk.progress(company)
    assert progress.state == "waiting_for_credential"
    assert word in (progress.detail or "")
    for _ in range(3):
        assert onboarding.advance_some(desk.sessions, desk.published) == 0
    desk.put_credential(company)
    assert desk.published.tasks == ["sii.sync_documents"] * 2
    assert desk.progress(company).state == "running"
    assert desk.onboarding().tries == 2


def test_the_end_of_a_block_alone_starts_nothing(desk: Desk) -> None:
    company = desk.register()
    desk.refuse(company, "blocked")
    with desk.sessions.begin() as session:
        credential = session.get_one(SiiCredential, company)
        credential.blocked_until = datetime.now(UTC) - timedelta(hours=1)
    assert onboarding.advance_some(desk.sessions, desk.published) == 0
    assert desk.progress(company).state == "waiting_for_credential"


def test_trying_again_does_not_try_a_refused_clave(desk: Desk) -> None:
    company = desk.register()
    desk.refuse(company)
    with desk.work() as (session, outbox):
        onboarding.resume(session, outbox, company)
    assert desk.published.tasks == ["sii.sync_documents"]
    assert desk.progress(company).state == "waiting_for_credential"


def test_a_failed_step_is_named_and_the_others_go_on(desk: Desk) -> None:
    company = desk.register()
    desk.learn(company)
    desk.end("memories", "failed", error_code="mem0_unavailable")
    desk.succeed("obligations")
    progress = desk.progress(company)
    assert progress.state == "failed"
    assert "memories" in (progress.detail or "")
    assert desk.states(company)["calendar"] == "queued"
    assert onboarding.advance_some(desk.sessions, desk.published) == 0  # not again by itself


def test_trying_again_starts_what_failed_and_leaves_what_is_done_or_under_way(desk: Desk) -> None:
    company = desk.register()
    desk.learn(company)
    desk.succeed("obligations")
    desk.end("memories", "failed")
    before = list(desk.published.tasks)
    with desk.work() as (session, outbox):
        onboarding.resume(session, outbox, company)
    assert desk.published.tasks[len(before) :] == ["memory.save_onboarding_memories"]
    assert desk.progress(company).state == "running"


def test_putting_the_credential_twice_starts_no_second_run(desk: Desk) -> None:
    company = desk.register()
    for _ in range(2):
        desk.put_credential(company)
    assert desk.published.tasks == ["sii.sync_documents"]


def test_a_credential_starts_the_onboarding_of_a_company_that_came_without(desk: Desk) -> None:
    company = desk.register(login=False)
    desk.put_credential(company)
    assert desk.onboarding().is_new_company
    assert desk.onboarding().user_id is not None
    assert desk.published.tasks == ["sii.sync_documents"]


def test_a_company_that_had_a_login_before_there_was_onboarding_is_no_new_one(desk: Desk) -> None:
    company = desk.register(login=False)
    with desk.sessions.begin() as session:
        secret = desk.cipher.encrypt("old")
        session.add(SiiCredential(company_id=company, login_rut="76000001-9", secret=secret))
    desk.put_credential(company)
    assert not desk.onboarding().is_new_company


def test_one_that_is_through_is_left_alone(desk: Desk) -> None:
    company = desk.register()
    desk.learn(company)
    for step in desk.progress(company).steps:
        desk.succeed(step.step.name)
    before = list(desk.published.tasks)
    desk.put_credential(company)
    assert desk.published.tasks == before
    assert desk.progress(company).state == "done"


def test_there_is_nothing_to_try_again_without_an_onboarding(desk: Desk) -> None:
    company = desk.register(login=False)
    with pytest.raises(NotFound), desk.work() as (session, outbox):
        onboarding.resume(session, outbox, company)
