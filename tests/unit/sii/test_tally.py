"""Answers are counted once, under what they were, and only for as long as SII took."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import fields
from math import inf

import httpx
import pytest
from sqlalchemy import select, text

from app import errors
from app.infrastructure.db.models import PortalAnswer
from app.infrastructure.db.session import get_session_factory, session_scope
from app.infrastructure.sii import pages
from app.infrastructure.sii import tally as tally_module
from app.infrastructure.sii.politeness import PATIENCE, Politeness
from app.infrastructure.sii.tally import Tally
from tests.unit.sii.counted import counted
from tests.unit.sii.test_portal import Hosts, open_portal

RUT = "76000001-9"
Rows = dict[tuple[str, str, float], tuple[int, float]]


class Clock:
    """Time that passes only where a test lets it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(tally_module, "monotonic", clock)
    return clock


@pytest.fixture
def tally(database_url: str) -> Tally:
    return Tally(get_session_factory())


def rows() -> Rows:
    with session_scope() as session:
        return {
            (one.page, one.kind, one.le): (one.answers, one.seconds)
            for one in session.scalars(select(PortalAnswer))
        }


def test_a_bucket_holds_what_took_at_most_its_bound(tally: Tally) -> None:
    for seconds in (0.005, 0.01, 0.0101, 60, 60.5, 120):
        tally.add("home", "ok", seconds)
    tally.flush()
    assert rows() == {
        ("home", "ok", 0.01): (2, pytest.approx(0.015)),
        ("home", "ok", 0.025): (1, pytest.approx(0.0101)),
        ("home", "ok", 60): (1, 60),
        ("home", "ok", inf): (2, 180.5),
    }


def test_many_add_to_the_same_rows_at_the_same_time(database_url: str) -> None:
    names = ("home", "logout", "boletas", "fees")

    def work(number: int) -> None:
        tally = Tally(get_session_factory())
        for _ in range(10):
            for page in names if number % 2 else reversed(names):
                tally.add(page, "ok", 0.5)
            tally.flush()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(6)))
    assert rows() == {(page, "ok", 0.5): (60, 30.0) for page in names}


def test_what_postgres_does_not_take_is_kept_and_fails_no_session(
    tally: Tally, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    portal = open_portal(monkeypatch, Hosts(), tally=tally)
    with session_scope() as session:
        session.execute(text("ALTER TABLE portal_answers RENAME TO gone"))
    with portal.open_session(RUT, "x"):
        pass
    assert "the portal's answers are not added yet: ProgrammingError" in caplog.text
    with session_scope() as session:
        session.execute(text("ALTER TABLE gone RENAME TO portal_answers"))
    with portal.open_session(RUT, "x"):
        pass
    assert counted(get_session_factory()) == {("logout", "ok"): 2}
    tally.flush()
    assert counted(get_session_factory()) == {("logout", "ok"): 2}, "added once"


def test_a_session_that_fails_adds_what_it_met(
    tally: Tally, monkeypatch: pytest.MonkeyPatch
) -> None:
    portal = open_portal(monkeypatch, Hosts(), tally=tally)
    with pytest.raises(KeyError), portal.open_session(RUT, "x"):
        raise KeyError
    assert counted(get_session_factory()) == {("logout", "ok"): 1}


class Slow(Politeness):
    """A turn takes a minute."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    def wait_for_turn(self, patience: float = PATIENCE) -> None:
        self.clock.pass_by(60)


def test_the_wait_for_the_turn_of_a_redirect_is_no_time_of_the_portal(
    tally: Tally, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = Hosts(siihome=httpx.Response(302, headers={"Location": "https://misiir.sii.cl/new"}))

    def hosts(request: httpx.Request) -> httpx.Response:
        clock.pass_by(2)
        return told(request)

    portal = open_portal(monkeypatch, hosts, politeness=Slow(clock), tally=tally)
    with portal.open_session(RUT, "x") as session, suppress(errors.UnexpectedAnswer):
        session.read_taxpayer()
    took = {page: (answers, seconds) for (page, _, _), (answers, seconds) in rows().items()}
    assert took == {"home": (1, 4), "logout": (1, 2)}


def test_a_browsers_time_begins_with_its_turn(tally: Tally, clock: Clock) -> None:
    turn = tally.turn(lambda: clock.pass_by(60))
    with tally.answer("login"):
        clock.pass_by(7)  # it types
        turn()
        clock.pass_by(3)
    turn()  # nobody's
    clock.pass_by(9)
    tally.flush()
    assert rows() == {("login", "ok", 5): (1, 3)}


@pytest.mark.parametrize("error", [errors.SiiStandstill, errors.BrowsersBusy, errors.LoginBusy])
def test_a_turn_that_does_not_come_is_no_answer(
    tally: Tally, clock: Clock, error: type[errors.FiscalError]
) -> None:
    def refused() -> None:
        clock.pass_by(30)
        raise error

    with pytest.raises(error), tally.answer("f29_search"):
        tally.turn(refused)()
    tally.flush()
    assert rows() == {}


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (httpx.ReadTimeout("slow"), "timeout"),
        (httpx.ConnectTimeout("slow"), "timeout"),
        (httpx.ConnectError("gone"), "unreachable"),
        (httpx.RemoteProtocolError("cut"), "unreachable"),
    ],
)
def test_no_answer_is_counted_by_what_came_instead(
    tally: Tally, monkeypatch: pytest.MonkeyPatch, error: httpx.HTTPError, kind: str
) -> None:
    def hosts(request: httpx.Request) -> httpx.Response:
        if "siihome" in request.url.path:
            raise error
        return httpx.Response(200)

    portal = open_portal(monkeypatch, hosts, tally=tally)
    with portal.open_session(RUT, "x") as session, pytest.raises(errors.SiiUnavailable):
        session.read_taxpayer()
    assert counted(get_session_factory()) == {("home", kind): 1, ("logout", "ok"): 1}


def test_every_address_of_the_portal_has_a_name_and_no_company_is_in_it() -> None:
    hosts = {field.name: "https://sii.test" for field in fields(pages.Addresses)}
    addresses = pages.Addresses(**hosts)
    asked = {
        name: pages.page_at(httpx.URL(getattr(addresses, name)).path)
        for name in ("protected_page", "logout", "bind_session", "fees", "f29_pdf")
    }
    assert asked == {
        "protected_page": "home", "logout": "logout", "bind_session": "rcv_start", "fees": "fees",
        "f29_pdf": "f29_pdf",
    }  # fmt: skip
    file = f"{addresses.facade}/{pages.BLOB_METHOD}/some-blob/76123456/76123456/7"
    assert pages.page_at(httpx.URL(file).path) == "large_file"
    assert pages.page_at("/76123456-0") == "other"
