"""What an operator does on the page: asked once more, done once, and written down with a name."""

from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.infrastructure.celery.beat import seed_schedule
from app.infrastructure.db.models import OperatorAction, PausedQueue, Run
from tests.unit.api.conftest import Published
from tests.unit.api.test_operations_page import (  # noqa: F401 (fixtures)
    browser,
    passwords,
    proof_in,
    sign_in,
    viewer,
)
from tests.unit.api.test_runs import add_run


@pytest.fixture
def operator(browser: httpx.Client, passwords: dict[str, str]) -> httpx.Client:  # noqa: F811
    assert sign_in(browser, "ana", passwords["ana"]).status_code == 303
    return browser


def do(browser: httpx.Client, action: str, target: str, reason: str = "") -> httpx.Response:  # noqa: F811
    """Follows the button and confirms."""
    asked = browser.get(f"/ops/confirm/{action}", params={"target": target})
    assert asked.status_code == 200, asked.text
    form = {"proof": proof_in(asked), "target": target, "reason": reason}
    return browser.post(f"/ops/actions/{action}", data=form)


def written(session: Session) -> list[tuple[str, str, str, str | None]]:
    row = OperatorAction
    found = session.execute(
        select(row.operator, row.action, row.target, row.reason).order_by(row.id)
    )
    return [tuple(each) for each in found]


def test_a_queue_is_paused_and_resumed(operator: httpx.Client, session: Session) -> None:
    answer = do(operator, "pause", "low", "SII is down")
    assert answer.headers["location"] == "/ops?done=pause"
    page = operator.get("/ops?done=pause").text
    assert "The queue is paused." in page
    assert "/ops/confirm/resume?target=low" in page
    assert session.scalars(select(PausedQueue.queue)).all() == ["low"]
    again = do(operator, "pause", "low")
    assert again.status_code == 409
    assert "paused already; nothing was changed" in again.text
    assert do(operator, "resume", "low").status_code == 303
    assert written(session) == [
        ("ana", "queue.pause", "low", "SII is down"),
        ("ana", "queue.resume", "low", None),
    ]


def test_a_failed_run_is_retried_once(
    operator: httpx.Client, session: Session, outbox: Published
) -> None:
    failed = add_run(
        session, state="failed", queue="low", task="sii.sync_f29", kwargs={},
        error_code="sii_unavailable", finished_at="2026-11-23T12:05:00Z",
    )  # fmt: skip
    assert f"/ops/confirm/retry?target={failed}" in operator.get("/ops").text
    assert do(operator, "retry", failed).status_code == 303
    assert len(outbox.published) == 1
    assert do(operator, "retry", failed).status_code == 409
    assert len(outbox.published) == 1
    assert written(session) == [("ana", "run.retry", failed, None)]


def test_a_run_that_waits_is_cancelled_and_one_that_has_ended_is_not(
    operator: httpx.Client, session: Session
) -> None:
    waiting = add_run(session, state="queued", queue="low")
    assert f"/ops/confirm/cancel?target={waiting}" in operator.get("/ops").text
    assert do(operator, "cancel", waiting).status_code == 303
    assert session.scalar(select(Run.error_code)) == "run_cancelled"
    assert do(operator, "cancel", waiting).status_code == 409
    assert written(session) == [("ana", "run.cancel", waiting, None)]


def test_an_entry_of_the_schedule_runs_now(
    operator: httpx.Client, session: Session, outbox: Published, database_url: str
) -> None:
    seed_schedule(database_url)
    name = "sii: documents of all companies"
    page = operator.get("/ops").text
    assert "/ops/confirm/start?target=sii%3A%20documents%20of%20all%20companies" in page
    assert do(operator, "start", name).status_code == 303
    assert len(outbox.published) == 1
    assert do(operator, "start", name).status_code == 409
    assert written(session) == [("ana", "schedule.run", name, None)]


def test_a_viewer_sees_no_button_and_is_refused(
    viewer: httpx.Client,  # noqa: F811
    session: Session,
) -> None:
    failed = add_run(session, state="failed", error_code="x", finished_at="2026-11-23T12:05:00Z")
    page = viewer.get("/ops")
    assert "/ops/confirm/" not in page.text
    form = {"proof": proof_in(page), "target": failed}
    for action in ("retry", "pause", "no-such-action"):
        assert viewer.get(f"/ops/confirm/{action}?target={failed}").status_code == 403
        assert viewer.post(f"/ops/actions/{action}", data=form).status_code == 403
    assert written(session) == []


def test_an_action_needs_its_form_and_something_to_act_on(
    operator: httpx.Client, session: Session
) -> None:
    without = operator.post("/ops/actions/pause", data={"target": "low"})
    assert without.status_code == 403
    form = {"proof": proof_in(operator.get("/ops"))}
    for action, target, status in (
        ("pause", "no-such-queue", 422),
        ("pause", "<b>low</b>", 422),
        ("retry", "no-uuid", 404),
        ("retry", str(uuid4()), 404),
        ("cancel", str(uuid4()), 404),
        ("start", "no such entry", 404),
        ("no-such-action", "low", 404),
    ):
        answer = operator.post(f"/ops/actions/{action}", data=form | {"target": target})
        assert answer.status_code == status, (action, answer.text)
        assert "<b>low" not in answer.text
    too_long = operator.post(
        "/ops/actions/pause", data=form | {"target": "low", "reason": "x" * 201}
    )
    assert too_long.status_code == 422
    assert written(session) == []
