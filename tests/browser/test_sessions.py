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
from app.infrastructure.sii.tally import Tally
from tests.browser.test_against_simulator import seed, stored, sync, true
from tests.browser.test_f29 import sync as sync_list
from tests.scenarios.http_login import settings_of
from tests.simulator import Simulator
from tests.unit.sii.books import Books
from tests.unit.sii.counted import counted
from tests.unit.sii.test_portal import Recorded


@pytest.fixture
def portal(simulator: Simulator, books: Books) -> SiiPortal:
    memory = StoredSessions(books.sessions, books.cipher, 600)
    return SiiPortal(settings_of(simulator.url), memory=memory, tally=Tally(books.sessions))


def test_documents_are_read_in_the_session_that_the_list_has_left_open(
    books: Books, portal: SiiPortal, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    company, rut = seed(books, simulator, "A")
    with books.sessions.begin() as session:
        session.add(Run(id=uuid4(), task="sii.sync_documents", company_id=company))
    sync_list(books, portal, company)
    forms = len(simulator.f29(rut, 2026))
    pages = {"login_page": 1, "login": 1, "f29_list": 1, "f29_search": 1, "f29_form": forms}
    assert counted(books.sessions) == {(page, "ok"): number for page, number in pages.items()}

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
    ("where", "kind", "page"),
    [
        ("/misiir", "rate_limit_429", "login_page"),
        ("/www4/rfiInternet", "rate_limit_429", "f29_list"),
        ("/misiir", "queue_wait", "login_page"),
    ],
)
def test_what_a_browser_is_asked_to_wait_stops_everybody(
    books: Books, simulator: Simulator, where: str, kind: str, page: str
) -> None:
    politeness = Recorded()
    company, _ = seed(books, simulator, "C")
    simulator.fail(where, kind)
    portal = SiiPortal(settings_of(simulator.url), politeness, tally=Tally(books.sessions))
    with pytest.raises(errors.SiiUnavailable):
        sync_list(books, portal, company)
    assert politeness.stood == [UNTOLD_WAIT]
    bad = {key for key in counted(books.sessions) if key[1] != "ok"}
    assert bad == {(page, "waiting_room" if kind == "queue_wait" else "rate_limited")}
    assert simulator.state()["open_sessions"] == {}
