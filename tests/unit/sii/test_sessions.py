"""One session per login RUT: used again while it works, ended before another one is opened."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from cryptography.fernet import Fernet

from app import errors
from app.infrastructure.cipher import Cipher
from app.infrastructure.db.models import Run, SiiSession
from app.infrastructure.sii import portal as portal_module
from app.infrastructure.sii.portal import SiiPortal
from app.infrastructure.sii.stored_sessions import PROVEN, StoredSessions
from tests.scenarios.http_login import log_in, settings_of
from tests.simulator import Simulator, running_simulator
from tests.unit.sii.books import Books

HOME = "/misiir"


@pytest.fixture(scope="module")
def _simulator() -> Iterator[Simulator]:
    with running_simulator(SIMULATOR_TODAY="2026-11-20") as simulator:
        yield simulator


class Visits:
    """Goes to the portal as runs of company A do, one after the other."""

    def __init__(self, books: Books, simulator: Simulator) -> None:
        self.books = books
        self.simulator = simulator
        known = simulator.company("A")
        self.rut, self.clave = known["login_rut"], known["clave"]
        self.company = books.company(known["rut"], login_rut=self.rut, clave=self.clave)
        self.next_run = uuid4()
        self.next_is("queued")

    def next_is(self, state: str) -> None:
        """Lets the next run of the company be in this state."""
        run = Run(id=self.next_run, task="sii.sync_f29", company_id=self.company, state=state)
        with self.books.sessions.begin() as session:
            session.merge(run)

    def portal(self, seconds: float = 600, cipher: Cipher | None = None) -> SiiPortal:
        memory = StoredSessions(self.books.sessions, cipher or self.books.cipher, seconds)
        return SiiPortal(settings_of(self.simulator.url), memory=memory)

    def visit(self, portal: SiiPortal | None = None, clave: str = "") -> None:
        with (portal or self.portal()).open_session(self.rut, clave or self.clave) as session:
            session.read_taxpayer()

    @property
    def row(self) -> SiiSession:
        with self.books.sessions() as session:
            return session.get_one(SiiSession, self.rut)

    def age(self, age: timedelta = timedelta(seconds=1)) -> None:
        """Lets the session be one that was left open too long ago, by a run that was killed."""
        with self.books.sessions.begin() as session:
            row = session.get_one(SiiSession, self.rut)
            row.fresh_until = datetime.now(UTC) - age

    def assert_portal(self, *, logins: int, open_now: int) -> None:
        state = self.simulator.state()
        assert state["login_attempts"].get(self.rut, []) == ["ok"] * logins
        assert state["open_sessions"].get(self.rut, 0) == open_now
        assert state["violations"] == []


@pytest.fixture
def visits(books: Books, _simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> Visits:
    _simulator.reset()
    monkeypatch.setattr(portal_module, "log_in", log_in)
    return Visits(books, _simulator)


def test_the_next_run_goes_on_with_the_session_of_the_last(visits: Visits) -> None:
    for _ in range(3):
        visits.visit()
    visits.assert_portal(logins=1, open_now=1)


def test_the_page_that_shows_a_session_open_is_asked_for_once(visits: Visits) -> None:
    visits.visit()
    page = f"GET {HOME}/cgi_misii/siihome.cgi"
    before = visits.simulator.state()["requests"][page]
    visits.visit()  # which reads the taxpayer from it
    assert visits.simulator.state()["requests"][page] == before + 1


def test_a_session_that_was_open_a_moment_ago_need_not_show_it(visits: Visits) -> None:
    page = f"GET {HOME}/cgi_misii/siihome.cgi"
    lifetime = timedelta(seconds=600)
    visits.visit()
    asked = visits.simulator.state()["requests"][page]
    for age, more in ((timedelta(), 0), (PROVEN, 1)):
        visits.age(age - lifetime)  # so long ago it was kept
        with visits.portal(600).open_f29_forms(visits.rut, visits.clave):
            assert visits.simulator.state()["requests"][page] == asked + more
    visits.assert_portal(logins=1, open_now=1)


def test_where_a_logout_leads_is_not_asked_for(visits: Visits) -> None:
    visits.next_is("running")
    visits.visit()
    visits.assert_portal(logins=1, open_now=0)
    assert f"GET {HOME}/cgi_misii/cierre.html" not in visits.simulator.state()["requests"]


def test_cookies_are_unreadable_at_rest(visits: Visits) -> None:
    visits.visit()
    secret = visits.row.secret
    assert secret
    assert "TOKEN" not in secret
    clear = visits.books.cipher.decrypt(secret)
    assert '"TOKEN"' in clear
    assert visits.clave not in clear


def test_a_session_that_sii_has_ended_is_replaced(visits: Visits) -> None:
    visits.visit()
    visits.simulator.fail(HOME, "expired_session", count=1)
    visits.visit()
    visits.assert_portal(logins=2, open_now=1)


def test_an_outage_is_no_end_of_a_session(visits: Visits) -> None:
    visits.visit()
    visits.simulator.fail(HOME, "http_503")
    with pytest.raises(errors.SiiUnavailable):
        visits.visit()
    visits.simulator.heal()
    visits.visit()
    visits.assert_portal(logins=1, open_now=1)


def test_a_run_that_fails_leaves_no_session_open(visits: Visits) -> None:
    with pytest.raises(KeyError), visits.portal().open_session(visits.rut, visits.clave):
        raise KeyError
    visits.assert_portal(logins=1, open_now=0)
    assert visits.row.secret is None


def test_a_session_with_which_the_browser_fails_is_ended_so_that_the_next_run_logs_in(
    visits: Visits, monkeypatch: pytest.MonkeyPatch
) -> None:
    visits.visit()
    given: list[object] = []

    @contextmanager
    def failing(*known: object) -> Iterator[None]:
        given.append(known[-1])
        raise errors.BrowserFailed
        yield

    monkeypatch.setattr(portal_module, "logged_in", failing)
    login = (visits.rut, visits.clave)
    with pytest.raises(errors.BrowserFailed), visits.portal().open_f29_list(*login):
        pass
    assert given != [None]  # it was to go on with the session
    visits.assert_portal(logins=1, open_now=0)
    assert visits.row.secret is None


def test_a_session_that_a_killed_run_left_is_ended_before_another_is_opened(
    visits: Visits,
) -> None:
    visits.visit()
    visits.age()
    visits.visit()
    visits.assert_portal(logins=2, open_now=1)


def test_cookies_that_nobody_came_for_are_forgotten(visits: Visits) -> None:
    visits.visit()
    visits.age(timedelta(days=2))
    known = visits.simulator.company("C")
    with visits.portal().open_session(known["login_rut"], known["clave"]):
        assert visits.row.secret is None


@pytest.mark.parametrize(
    ("next_is", "seconds"), [("running", 600), ("succeeded", 600), ("queued", 0)]
)
def test_no_session_stays_open_where_none_is_to(
    visits: Visits, next_is: str, seconds: float
) -> None:
    visits.next_is(next_is)
    for _ in range(2):
        visits.visit(visits.portal(seconds))
    visits.assert_portal(logins=2, open_now=0)
    assert visits.row.secret is None


def test_the_last_run_ends_the_session_that_the_one_before_had_left(visits: Visits) -> None:
    visits.visit()
    visits.next_is("running")
    visits.visit()
    visits.assert_portal(logins=1, open_now=0)


def test_a_session_proves_nothing_of_another_clave(visits: Visits) -> None:
    visits.visit()
    with pytest.raises(errors.InvalidCredentials):
        visits.visit(clave="0tra")
    state = visits.simulator.state()
    assert state["login_attempts"][visits.rut] == ["ok", "wrong_password"]
    assert (state["open_sessions"], state["violations"]) == ({}, [])


def test_a_session_under_a_key_that_is_gone_is_left_to_sii(
    visits: Visits, caplog: pytest.LogCaptureFixture
) -> None:
    visits.visit()
    visits.visit(visits.portal(cipher=Cipher([Fernet.generate_key().decode()])))
    visits.assert_portal(logins=2, open_now=2)
    assert "under a key that is gone" in caplog.text


def test_who_was_overtaken_asks_nothing_more_and_leaves_the_session_to_the_other(
    visits: Visits,
) -> None:
    login = (visits.rut, visits.clave)
    with visits.portal().open_session(*login) as slow:
        slow.read_taxpayer()
        with visits.portal().open_session(*login) as quick:
            before = visits.simulator.state()["requests"]
            with pytest.raises(errors.LoginBusy, match="taken this login over"):
                slow.read_taxpayer()
            assert visits.simulator.state()["requests"] == before
            quick.read_taxpayer()
    visits.visit()
    visits.assert_portal(logins=1, open_now=1)
