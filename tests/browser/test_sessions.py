"""A session that Chromium opened is used again without it; what Chromium is asked, all do."""

from typing import Any
from uuid import uuid4

import pytest

from app import errors
from app.infrastructure.db.models import Run
from app.infrastructure.sii import login as login_module
from app.infrastructure.sii.answers import UNTOLD_WAIT
from app.infrastructure.sii.portal import SiiPortal
from app.infrastructure.sii.stored_sessions import StoredSessions
from tests.browser.test_against_simulator import seed, stored, sync, true
from tests.browser.test_f29 import sync as sync_list
from tests.scenarios.http_login import settings_of
from tests.simulator import Simulator
from tests.unit.sii.books import Books
from tests.unit.sii.test_portal import Recorded


@pytest.fixture
def portal(simulator: Simulator, books: Books) -> SiiPortal:
    memory = StoredSessions(books.sessions, books.cipher, 600)
    return SiiPortal(settings_of(simulator.url), memory=memory)


def test_documents_are_read_in_the_session_that_the_list_has_left_open(
    books: Books, portal: SiiPortal, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    company, rut = seed(books, simulator, "A")
    with books.sessions.begin() as session:
        session.add(Run(id=uuid4(), task="sii.sync_documents", company_id=company))
    sync_list(books, portal, company)

    def no_browser() -> Any:
        raise AssertionError("a warm session needs no browser")

    with monkeypatch.context() as warm:
        warm.setattr(login_module, "chromium", no_browser)
        sync(books, portal, company)
    assert stored(books, company, "2026-11") == true(simulator, rut, "2026-11")
    assert_portal(simulator, rut, logins=1)

    sync_list(books, portal, company)  # in a browser that need not log in
    assert_portal(simulator, rut, logins=1)


def assert_portal(simulator: Simulator, rut: str, *, logins: int) -> None:
    state = simulator.state()
    assert state["login_attempts"] == {rut: ["ok"] * logins}
    assert (state["open_sessions"], state["violations"]) == ({rut: 1}, [])


@pytest.mark.parametrize(
    ("where", "kind"),
    [
        ("/misiir", "rate_limit_429"),
        ("/www4/rfiInternet", "rate_limit_429"),
        ("/misiir", "queue_wait"),
    ],
)
def test_what_a_browser_is_asked_to_wait_stops_everybody(
    books: Books, simulator: Simulator, where: str, kind: str
) -> None:
    politeness = Recorded()
    company, _ = seed(books, simulator, "C")
    simulator.fail(where, kind)
    with pytest.raises(errors.SiiUnavailable):
        sync_list(books, SiiPortal(settings_of(simulator.url), politeness), company)
    assert politeness.stood == [UNTOLD_WAIT]
    assert simulator.state()["open_sessions"] == {}
