"""Registers that are too large for one answer: their files are asked for once and come later."""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from typing import Any
from uuid import UUID

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import select, update

from app import errors
from app.infrastructure.cipher import Cipher
from app.infrastructure.db.models import RegisterExport
from app.infrastructure.db.session import get_session_factory
from tests.unit.sii.books import Books
from tests.unit.sii.registers import Registers, fails, two_documents
from tests.unit.simulator.portal_client import FACADE
from tests.unit.simulator.server import Admin
from tests.unit.test_document_sync_portal import TODAY, Desk, HttpPortal, address, admin
from tests.unit.test_killed_sync import KEY, LOCKS
from tests.waiting import wait_until

__all__ = ["address", "admin"]  # fixtures

CONTROL, FILE = f"{FACADE}getCtrlAsync", f"{FACADE}obtenerArchivoBLOB"
OCTOBER = {"months": 1, "month_offset": 1}  # company B's purchases are too many in it
PERIOD = "2026-10"
REST = {(PERIOD, one) for one in ("sale", "boletas", "fees")}


@pytest.fixture
def large(books: Books, admin: Admin, address: str) -> Desk:
    return Desk(books, admin, address, "B")


def rows(books: Books) -> list[RegisterExport]:
    with books.sessions() as session:
        return list(session.scalars(select(RegisterExport)))


def change(books: Books, **values: Any) -> None:
    with books.sessions.begin() as session:
        session.execute(update(RegisterExport).values(**values))


def fail(admin: Admin, path: str, kind: str, **rule: Any) -> None:
    answer = admin.http.post("faults", json={"path": path, "kind": kind} | rule)
    answer.raise_for_status()


def heal(admin: Admin) -> None:
    admin.http.delete("faults").raise_for_status()


def asked(desk: Desk) -> dict[str, int]:
    """Returns how often each method was asked for the large register's documents."""
    ending = f" {desk.company['rut']} 202610 COMPRA REGISTRO"
    return {
        name.removesuffix(ending): count
        for name, count in desk.admin.state["readings"].items()
        if name.endswith(ending) and not name.startswith("getResumen")
    }


def test_what_is_stored_of_a_large_company_is_what_the_portal_has(large: Desk) -> None:
    result = large.sync(months=2)
    for period in (PERIOD, "2026-11"):
        large.assert_equal(period)
    assert len(large.books.documents(period=PERIOD, accounting_state="REGISTRO")) > 393
    assert asked(large) == {"getCtrlAsync": 1, "obtenerArchivoBLOB": 1}
    assert result["compras"]["nuevos"] == len(large.books.documents(direction="purchase"))
    assert rows(large.books) == []


def test_a_file_that_is_not_finished_is_come_back_for_when_a_row_says_so(
    large: Desk, admin: Admin
) -> None:
    run = large.books.run(TODAY)
    fail(admin, CONTROL, "export_pending")

    def sync() -> dict[str, Any]:
        return large.books.sync(large.portal, large.id, run_id=run, **OCTOBER)

    with pytest.raises(errors.ExportNotReady, match=r"1 of 4 .*2026-10 purchase") as late:
        sync()
    assert (late.value.retry_after, late.value.is_try) == (60, False)
    assert large.books.checkpoints(run) == REST
    [row] = rows(large.books)
    assert (row.accounting_state, row.number is not None) == ("REGISTRO", True)

    before = admin.state["requests"]
    with pytest.raises(errors.ExportNotReady) as early:
        sync()
    assert 0 < (early.value.retry_after or 0) <= 60
    assert admin.state["requests"] == before  # nobody logged in for it

    change(large.books, try_again_at=datetime.now(UTC))
    heal(admin)
    sync()
    assert large.books.checkpoints(run) == REST | {(PERIOD, "purchase")}
    large.assert_equal(PERIOD)
    assert asked(large) == {"getCtrlAsync": 1, "obtenerArchivoBLOB": 1}
    assert rows(large.books) == []


@pytest.mark.parametrize(
    ("age", "kind", "pause"),
    [
        pytest.param(timedelta(minutes=4), errors.ExportNotReady, 240, id="as long as it took"),
        pytest.param(timedelta(hours=3), errors.ExportOverdue, 900, id="hours"),
    ],
)
def test_a_file_that_takes_long_is_waited_for_longer_and_then_is_overdue(
    large: Desk, admin: Admin, age: timedelta, kind: type[errors.TransientError], pause: int
) -> None:
    run = large.books.run(TODAY)
    fail(admin, CONTROL, "export_pending")
    with pytest.raises(errors.ExportNotReady):
        large.books.sync(large.portal, large.id, run_id=run, **OCTOBER)
    change(large.books, asked_at=datetime.now(UTC) - age, try_again_at=None)
    with pytest.raises(errors.TransientError) as late:
        large.books.sync(large.portal, large.id, run_id=run, **OCTOBER)
    assert type(late.value) is kind
    assert abs((late.value.retry_after or 0) - pause) <= 5
    assert late.value.is_try == (kind is errors.ExportOverdue)
    assert asked(large) == {"getCtrlAsync": 1}


def test_another_run_takes_the_file_that_was_asked_for_but_none_of_yesterday(
    large: Desk, admin: Admin
) -> None:
    fail(admin, CONTROL, "export_pending")
    with pytest.raises(errors.ExportNotReady):
        large.sync(**OCTOBER)
    heal(admin)
    change(large.books, try_again_at=None)
    large.sync(**OCTOBER)
    assert asked(large) == {"getCtrlAsync": 1, "obtenerArchivoBLOB": 1}

    fail(admin, CONTROL, "export_pending")
    with pytest.raises(errors.ExportNotReady):
        large.sync(**OCTOBER)
    heal(admin)
    change(large.books, try_again_at=None, asked_at=datetime.now(UTC) - timedelta(hours=25))
    admin.http.post("reset").raise_for_status()  # which the portal has dropped, too
    large.sync(**OCTOBER)
    large.assert_equal(PERIOD)
    assert asked(large) == {"getCtrlAsync": 1, "obtenerArchivoBLOB": 1}


def test_a_file_that_does_not_add_up_is_asked_for_again(large: Desk, admin: Admin) -> None:
    fail(admin, f"{FACADE}getResumen", "resumen_mismatch", count=12)
    with pytest.raises(errors.PeriodsIncomplete):
        large.sync(**OCTOBER)
    assert large.books.documents(direction="purchase") == []
    heal(admin)
    large.sync(**OCTOBER)
    large.assert_equal(PERIOD)
    assert asked(large)["getCtrlAsync"] == 2


def sync_october(address: str, company: UUID, run: UUID) -> None:
    """Runs in a process of its own, which has the test's environment."""
    books = Books(get_session_factory(), Cipher([os.environ[KEY]]))
    books.sync(HttpPortal(address), company, run_id=run, **OCTOBER)


@pytest.mark.parametrize(
    ("path", "after"),
    [pytest.param(CONTROL, 1, id="asking"), pytest.param(FILE, 0, id="fetching")],
)
def test_a_sync_that_is_killed_is_resumed_by_the_same_file(
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    admin: Admin,
    address: str,
    path: str,
    after: int,
) -> None:
    monkeypatch.setenv(KEY, Fernet.generate_key().decode())
    books = Books(get_session_factory(), Cipher([os.environ[KEY]]))
    desk = Desk(books, admin, address, "B")
    run = books.run(TODAY)
    fail(admin, path, "hold", after=after)
    child = get_context("spawn").Process(target=sync_october, args=(address, desk.id, run))
    child.start()
    wait_until(lambda: admin.state["held"] == 1, what="the portal holds the request")
    child.kill()
    child.join(30)
    wait_until(lambda: admin.state["held"] == 0, what="the portal notices, and does it")
    wait_until(lambda: asked(desk).get("getCtrlAsync") == 1, what="the file is asked for")
    with books.sessions() as session:
        wait_until(lambda: not session.scalar(LOCKS), what="Postgres notices")

    heal(admin)
    change(books, try_again_at=None)  # the first look may have put it off
    books.sync(desk.portal, desk.id, run_id=run, **OCTOBER)
    desk.assert_equal(PERIOD)
    assert asked(desk)["getCtrlAsync"] == 1
    assert admin.state["violations"] == []
    admin.http.post("reset").raise_for_status()  # the session of the dead


def test_by_the_end_of_an_attempt_a_file_may_be_there(books: Books, portal: Registers) -> None:
    answers = iter([fails(errors.ExportNotReady()), two_documents])
    portal.answers["2026-03", "purchase"] = lambda *step: next(answers)(*step)
    assert books.sync(portal, books.company())["compras"]["total"] == 2
    assert [step for _, step in portal.reads] == ["purchase", "sale", "fees", "purchase"]


@pytest.mark.parametrize(
    ("other", "kind"),
    [
        pytest.param(fails(errors.UnexpectedAnswer()), errors.PeriodsIncomplete, id="unreadable"),
        pytest.param(fails(errors.ExportNotReady()), errors.ExportNotReady, id="late, too"),
    ],
)
def test_a_file_that_is_late_makes_a_run_worth_a_retry_whatever_else_is_wrong(
    books: Books, portal: Registers, other: Callable[..., Any], kind: type[errors.TransientError]
) -> None:
    portal.answers["2026-03", "purchase"] = fails(errors.ExportNotReady())
    portal.answers["2026-03", "sale"] = other
    with pytest.raises(kind, match="2 of 4") as failure:
        books.sync(portal, books.company())
    assert type(failure.value) is kind
