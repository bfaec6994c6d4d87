"""The cookies of the browser reach the hosts they belong to, and no other; every request is in its
turn, and what an answer asks of everybody is done."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from app import errors
from app.infrastructure.sii import answers
from app.infrastructure.sii import portal as portal_module
from app.infrastructure.sii.answers import UNTOLD_WAIT
from app.infrastructure.sii.client import CountingClient
from app.infrastructure.sii.politeness import ALONE, PATIENCE, Politeness, Turn
from app.infrastructure.sii.portal import SiiPortal
from app.infrastructure.sii.tally import UNCOUNTED, Tally
from app.settings import Settings


class Hosts:
    """Remembers which cookies came to which host; breaks where it is told, and answers as told."""

    def __init__(self, broken: str = "", **answers: httpx.Response) -> None:
        self.cookies: dict[str, str] = {}
        self._broken = broken
        self._answers = answers

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.cookies[request.url.host + request.url.path] = request.headers.get("Cookie", "")
        if self._broken and self._broken in request.url.path:
            raise httpx.ConnectError("gone")
        told = (answer for part, answer in self._answers.items() if part in str(request.url))
        return next(told, httpx.Response(200))


class Recorded(Politeness):
    """Counts turns, remembers how long all were to stand still, and then lets nobody go."""

    def __init__(self) -> None:
        self.turns = 0
        self.stood: list[float] = []
        self.seated = 0

    def wait_for_turn(self, patience: float = PATIENCE) -> None:
        if self.stood:
            raise errors.SiiStandstill
        self.turns += 1

    def stand_still(self, seconds: float) -> None:
        self.stood.append(seconds)

    @contextmanager
    def seat(self) -> Iterator[Turn]:
        self.seated += 1
        yield self.wait_for_turn
        self.seated -= 1


def open_portal(
    monkeypatch: pytest.MonkeyPatch,
    hosts: Hosts,
    address: str = "https://zeusr.sii.cl",
    cookie_domain: str = ".sii.cl",
    politeness: Politeness = ALONE,
    tally: Tally = UNCOUNTED,
) -> SiiPortal:
    """Returns a portal whose login gives one TOKEN for `cookie_domain`."""

    def logged_in(*_: object) -> list[dict[str, str]]:
        return [{"name": "TOKEN", "value": "abc", "domain": cookie_domain, "path": "/"}]

    def with_hosts(tally: Tally, **options: object) -> httpx.Client:
        return CountingClient(tally, transport=httpx.MockTransport(hosts), **options)

    monkeypatch.setattr(portal_module, "log_in", logged_in)
    monkeypatch.setattr(portal_module, "CountingClient", with_hosts)
    hosts_of = {f"sii_{name}_url": address for name in ("auth", "home", "services")}
    settings = Settings(sii_min_request_interval=0, **hosts_of)
    return SiiPortal(settings, politeness, tally=tally)


@pytest.mark.parametrize(
    ("address", "domain", "sent"),
    [
        ("https://zeusr.sii.cl", ".sii.cl", "TOKEN=abc"),
        ("http://simulator:8080/zeusr", "simulator", "TOKEN=abc"),  # a host without dots
        ("http://127.0.0.1:8080/zeusr", "127.0.0.1", "TOKEN=abc"),
        ("http://localhost:8080/zeusr", "localhost", "TOKEN=abc"),
        ("https://elsewhere.test", ".sii.cl", ""),
    ],
)
def test_cookies_go_where_they_belong(
    monkeypatch: pytest.MonkeyPatch, address: str, domain: str, sent: str
) -> None:
    hosts = Hosts()
    with open_portal(monkeypatch, hosts, address, domain).open_session("76000001-9", "x"):
        pass
    (cookies,) = hosts.cookies.values()  # the logout, nothing else was asked
    assert cookies == sent


def test_the_session_is_logged_out_after_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    hosts = Hosts()
    portal = open_portal(monkeypatch, hosts)
    with pytest.raises(KeyError), portal.open_session("76000001-9", "x"):
        raise KeyError
    assert list(hosts.cookies) == ["zeusr.sii.cl/cgi_AUT2000/autTermino.cgi"]


def test_a_logout_that_fails_does_not_spoil_the_work(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    portal = open_portal(monkeypatch, Hosts(broken="autTermino"))
    with portal.open_session("76000001-9", "x"):
        pass
    assert "could not log out of SII: ConnectError" in caplog.text


def test_each_request_takes_a_turn_and_so_does_what_it_leads_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    politeness = Recorded()
    away = httpx.Response(302, headers={"Location": "https://zeusr.sii.cl/adios"})
    hosts = Hosts(autTermino=away, siihome=away)
    portal = open_portal(monkeypatch, hosts, politeness=politeness)
    with portal.open_session("76000001-9", "x") as session:
        assert politeness.seated == 0  # the browser is gone
        with pytest.raises(errors.UnexpectedAnswer):
            session.read_taxpayer()
    assert politeness.turns == len(hosts.cookies) == 3


@pytest.mark.parametrize(
    ("answer", "kind", "seconds"),
    [
        (httpx.Response(429, headers={"Retry-After": "7"}), errors.RateLimited, 7),
        (httpx.Response(429), errors.RateLimited, UNTOLD_WAIT),
        (
            httpx.Response(302, headers={"Location": "https://sii.queue-it.net/?c=sii"}),
            errors.SiiUnavailable,
            UNTOLD_WAIT,
        ),
    ],
)
def test_what_one_answer_asks_for_stops_everybody_but_not_the_logout(
    monkeypatch: pytest.MonkeyPatch,
    answer: httpx.Response,
    kind: type[errors.FiscalError],
    seconds: int,
) -> None:
    politeness = Recorded()
    hosts = Hosts(siihome=answer)
    portal = open_portal(monkeypatch, hosts, politeness=politeness)
    with portal.open_session("76000001-9", "x") as session:
        with pytest.raises(kind):
            session.read_taxpayer()
        with pytest.raises(errors.SiiStandstill):
            session.read_taxpayer()
    assert politeness.stood == [seconds]
    assert "zeusr.sii.cl/cgi_AUT2000/autTermino.cgi" in hosts.cookies


def test_a_waiting_room_that_a_browser_meets_stops_everybody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    politeness = Recorded()
    portal = open_portal(monkeypatch, Hosts(), politeness=politeness)

    def kept_waiting(*_: object) -> None:
        outage = answers.outage("https://sii.queue-it.net/?c=sii")
        assert outage
        raise outage

    monkeypatch.setattr(portal_module, "log_in", kept_waiting)
    with pytest.raises(errors.SiiUnavailable), portal.open_session("76000001-9", "x"):
        pass
    assert politeness.stood == [UNTOLD_WAIT]
