"""A sync whose process is killed between two checkpoints: another goes on after the last one."""

import os
from multiprocessing import get_context
from uuid import UUID

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import text

from app.infrastructure.cipher import Cipher
from app.infrastructure.db.session import get_session_factory
from tests.unit.sii.books import Books
from tests.unit.simulator.server import Admin
from tests.unit.test_document_sync_portal import TODAY, Desk, HttpPortal, address, admin
from tests.waiting import wait_until

__all__ = ["address", "admin"]  # fixtures

LOCKS = text(
    "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database"
    " WHERE locktype = 'advisory' AND datname = current_database()"
)
KEY = "KILLED_SYNC_KEY"


def sync_two_months(address: str, company: UUID, run: UUID) -> None:
    """Runs in a process of its own, which has the test's environment."""
    books = Books(get_session_factory(), Cipher([os.environ[KEY]]))
    books.sync(HttpPortal(address), company, run_id=run, months=2)


def test_nothing_that_was_committed_is_asked_for_again(
    database_url: str, monkeypatch: pytest.MonkeyPatch, admin: Admin, address: str
) -> None:
    monkeypatch.setenv(KEY, Fernet.generate_key().decode())
    books = Books(get_session_factory(), Cipher([os.environ[KEY]]))
    desk = Desk(books, admin, address, "A")
    run = books.run(TODAY)
    rule = {"path": "/loa", "kind": "hold", "after": 1}  # at November's honorarios
    admin.http.post("faults", json=rule).raise_for_status()
    child = get_context("spawn").Process(target=sync_two_months, args=(address, desk.id, run))
    child.start()
    wait_until(lambda: admin.state["held"] == 1, what="the portal holds the last register")
    child.kill()
    child.join(30)
    wait_until(lambda: admin.state["held"] == 0, what="the portal notices")
    with books.sessions() as session:
        wait_until(lambda: not session.scalar(LOCKS), what="Postgres notices")

    before = admin.state["readings"]
    assert len(books.checkpoints(run)) == 7
    admin.http.delete("faults").raise_for_status()
    result = books.sync(desk.portal, desk.id, run_id=run, months=2)
    after = admin.state["readings"]
    again = {key for key, count in after.items() if count > before.get(key, 0)}
    assert again == {f"InformeMensualBheRec {desk.company['rut']} 202611 HONORARIO 1"}
    for period in ("2026-10", "2026-11"):
        desk.assert_equal(period)
    assert result["honorarios"]["nuevos"] == len(books.fees())
    assert result["boletas"]["nuevos"] == len(books.boletas())
    assert admin.state["violations"] == []
    admin.http.post("reset").raise_for_status()  # the session of the dead
