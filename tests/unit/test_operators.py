"""What operators do to runs and to the schedule: once, with a row, and nothing half-done."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select

from app.errors import InvalidInput, NotFound, WrongState
from app.infrastructure.db.models import Company, OperatorAction, Run
from app.infrastructure.db.session import get_session_factory, session_scope
from app.services.cancelling import cancel_run, end_cancelled
from app.services.document_fan_out import enqueue_sync, sync_key
from app.services.operators import Operator, list_actions
from app.services.outbox import Outbox
from app.services.pauses import list_pauses, pause_queue, resume_queue
from app.services.retries import retry_run
from app.services.schedule import enqueue_scheduled, run_entry_now
from app.services.schedule_entries import ScheduledEntry, find_entry
from tests.unit.publishers import Nowhere

ANA = Operator("ana", "asked by phone")
QUEUES = ("high", "default", "low")
NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
ENTRY = ScheduledEntry(
    name="sii: documents of all companies",
    task="sii.sync_documents_all_companies",
    is_enabled=False,
    kwargs={"months": 2},
    expires=timedelta(hours=6),
)


@pytest.fixture
def books(database_url: str) -> Iterator[tuple[Any, Outbox]]:
    with session_scope() as session:
        yield session, Outbox(Nowhere())


def add_run(session: Any, **values: Any) -> UUID:
    described = {"task": "calendar.sync_company", "queue": "default", "kwargs": {"company_id": "x"}}
    run = Run(id=uuid4(), **described | {"state": "failed"} | values)
    run.root_id = values.get("root_id", run.id)
    if run.state not in ("queued", "running", "retrying"):
        run.finished_at = NOW
    session.add(run)
    session.flush()
    return run.id


def number_of(session: Any, table: Any) -> int:
    return int(session.scalar(select(func.count()).select_from(table)))


def test_a_queue_is_paused_and_resumed_once_each(books: tuple[Any, Outbox]) -> None:
    session, _ = books
    pause_queue(session, "low", ANA, QUEUES)
    with pytest.raises(WrongState, match="Queue low is paused already"):
        pause_queue(session, "low", Operator("eva"), QUEUES)
    (paused,) = list_pauses(session)
    assert (paused.queue, paused.paused_by, paused.reason) == ("low", "ana", "asked by phone")

    resume_queue(session, "low", Operator("eva"), QUEUES)
    with pytest.raises(WrongState, match="Queue low is not paused"):
        resume_queue(session, "low", ANA, QUEUES)
    for act in (pause_queue, resume_queue):
        with pytest.raises(InvalidInput, match="'lwo' is no queue; there are high, default, low"):
            act(session, "lwo", ANA, QUEUES)
    assert list_pauses(session) == []
    rows = [(row.operator, row.action, row.target) for row in list_actions(session, 9)]
    assert rows == [("eva", "queue.resume", "low"), ("ana", "queue.pause", "low")]


def test_a_failed_run_is_asked_for_again_with_its_arguments_and_its_cause(
    books: tuple[Any, Outbox],
) -> None:
    session, outbox = books
    root, company = uuid4(), uuid4()
    failed = add_run(
        session, dedupe_key="calendar:x", root_id=root, company_id=company, queue="low"
    )
    again = retry_run(session, outbox, failed, ANA, NOW)
    assert outbox.runs == [again]
    assert (again.id != failed, again.state, again.attempts) == (True, "queued", 0)
    assert (again.queue, again.kwargs) == ("low", {"company_id": "x"})
    assert (again.root_id, again.company_id) == (root, company)
    assert again.dedupe_key == "calendar:x"
    assert session.get(Run, failed).state == "failed"
    (row,) = list_actions(session, 9)
    assert (row.action, row.target, row.run_id) == ("run.retry", str(failed), again.id)

    again.state, again.finished_at = "failed", NOW
    with pytest.raises(WrongState, match=f"Run {again.id} stands for it already; it is failed"):
        retry_run(session, outbox, failed, ANA, NOW)
    assert retry_run(session, outbox, again.id, ANA, NOW).root_id == root
    assert len(outbox.runs) == 2


@pytest.mark.parametrize("key", ["calendar:x", "beat:calendar: every company@2026"], ids=str)
def test_a_failed_run_is_not_asked_for_again_beside_another_one_of_its_kind(
    books: tuple[Any, Outbox], key: str
) -> None:
    session, outbox = books
    failed = add_run(session, dedupe_key=key)
    # The schedule's next firing has another key, and stands for this one all the same.
    other = add_run(session, state="running", dedupe_key=key + "-11" * key.startswith("beat"))
    with pytest.raises(WrongState, match=f"Run {other} stands for it already; it is running"):
        retry_run(session, outbox, failed, ANA, NOW)
    assert (outbox.runs, number_of(session, OperatorAction)) == ([], 0)


@pytest.mark.parametrize("state", ["queued", "running", "retrying", "succeeded", "revoked"])
def test_only_a_failed_run_can_be_retried(books: tuple[Any, Outbox], state: str) -> None:
    session, outbox = books
    run_id = add_run(session, state=state)
    with pytest.raises(WrongState, match=f"Run {run_id} is {state}; only a failed run"):
        retry_run(session, outbox, run_id, ANA, NOW)
    with pytest.raises(NotFound, match="There is no run"):
        retry_run(session, outbox, uuid4(), ANA, NOW)
    assert (outbox.runs, number_of(session, OperatorAction)) == ([], 0)


def test_a_sync_that_is_retried_next_month_reads_the_same_months(
    books: tuple[Any, Outbox],
) -> None:
    session, outbox = books
    company = Company(rut="76543210-3", business_name="Panadería Inventada SpA")
    session.add(company)
    session.flush()
    asked_at = datetime(2026, 10, 30, 12, tzinfo=UTC)
    failed, _ = enqueue_sync(session, outbox, company.id, months=2, now=asked_at, month_offset=1)
    failed.state, failed.finished_at = "failed", asked_at
    session.flush()
    again = retry_run(session, outbox, failed.id, ANA, NOW)
    assert again.kwargs == {"company_id": str(company.id), "months": 2, "month_offset": 2}
    assert again.dedupe_key == failed.dedupe_key == sync_key(company.id, 2, NOW, 2)
    assert again.queued_at == NOW


@pytest.mark.parametrize("state", ["queued", "retrying"])
def test_a_run_that_waits_ends_at_once(books: tuple[Any, Outbox], state: str) -> None:
    session, _ = books
    run_id = add_run(session, state=state)
    run = cancel_run(session, run_id, ANA)
    assert (run.state, run.error_code) == ("revoked", "run_cancelled")
    assert run.finished_at is not None
    with pytest.raises(WrongState, match=f"Run {run_id} has ended already; it is revoked"):
        cancel_run(session, run_id, ANA)
    assert number_of(session, OperatorAction) == 1


def test_a_run_that_runs_is_asked_once_where_it_has_checkpoints(
    books: tuple[Any, Outbox],
) -> None:
    session, _ = books
    syncing = add_run(session, state="running", task="sii.sync_documents")
    sending = add_run(session, state="running", task="notifications.process_pending")
    run = cancel_run(session, syncing, ANA)
    assert (run.state, run.finished_at, run.cancel_asked_at is None) == ("running", None, False)
    with pytest.raises(WrongState, match="asked already; it stops at its next checkpoint"):
        cancel_run(session, syncing, ANA)
    with pytest.raises(WrongState, match="runs and cannot be cancelled any more"):
        cancel_run(session, sending, ANA)
    with pytest.raises(NotFound, match="There is no run"):
        cancel_run(session, uuid4(), ANA)
    assert number_of(session, OperatorAction) == 1

    end_cancelled(session)
    session.expire_all()
    assert session.get(Run, syncing).state == "running"
    session.get(Run, syncing).state = "retrying"  # it met an error before its next checkpoint
    session.flush()
    end_cancelled(session)
    session.expire_all()
    assert session.get(Run, syncing).state == "revoked"


def test_an_entry_runs_now_as_if_it_were_due_and_one_at_a_time(books: tuple[Any, Outbox]) -> None:
    session, outbox = books
    run = run_entry_now(session, outbox, ENTRY, ANA, NOW)
    assert (run.task, run.queue, run.kwargs) == (ENTRY.task, "low", {"months": 2})
    assert run.expires_at == NOW + timedelta(hours=6)
    with pytest.raises(WrongState, match=f"Run {run.id} of this entry has not ended; it is queued"):
        run_entry_now(session, outbox, ENTRY, ANA, NOW + timedelta(seconds=1))
    (row,) = list_actions(session, 9)
    assert (row.action, row.target, row.run_id) == ("schedule.run", ENTRY.name, run.id)

    due = enqueue_scheduled(
        session, outbox, entry=ENTRY.name, last_run_at=NOW + timedelta(hours=1),
        task=ENTRY.task, kwargs={}, queue=None, expires_at=None,
    )  # fmt: skip
    session.refresh(run)
    assert (run.state, due.state) == ("superseded", "queued")


def test_an_entry_is_found_by_what_a_person_remembers_of_it() -> None:
    other = ScheduledEntry("sii: PDFs", "sii.pdfs")
    entries = [ENTRY, other]
    for text in (ENTRY.name, ENTRY.task, "Documents"):
        assert find_entry(entries, text) is ENTRY
    with pytest.raises(InvalidInput, match="'sii' fits 2 entries: sii: documents of all"):
        find_entry(entries, "sii")
    with pytest.raises(NotFound, match="There is no entry 'payroll'"):
        find_entry(entries, "payroll")


@pytest.mark.parametrize("values", [("",), ("  ",), ("a" * 201,), ("ana", "b" * 201)], ids=len)
def test_an_action_has_somebody_who_did_it(values: tuple[str, ...]) -> None:
    with pytest.raises(InvalidInput):
        Operator(*values)


def test_a_refused_action_leaves_nothing_behind(database_url: str) -> None:
    with session_scope() as session:
        pause_queue(session, "low", ANA, QUEUES)
    with pytest.raises(WrongState), get_session_factory().begin() as session:
        pause_queue(session, "low", Operator("eva"), QUEUES)
    with session_scope() as session:
        assert [pause.paused_by for pause in list_pauses(session)] == ["ana"]
        assert number_of(session, OperatorAction) == 1
