"""The cookies of the browser reach the hosts they belong to, and no other."""

import httpx
import pytest

from app.infrastructure.sii import portal as portal_module
from app.infrastructure.sii.pages import Addresses
from app.infrastructure.sii.portal import SiiPortal
from app.settings import Settings


class Hosts:
    """Remembers which cookies came to which host; breaks where it is told."""

    def __init__(self, broken: str = "") -> None:
        self.cookies: dict[str, str] = {}
        self._broken = broken

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.cookies[request.url.host + request.url.path] = request.headers.get("Cookie", "")
        if self._broken and self._broken in request.url.path:
            raise httpx.ConnectError("gone")
        return httpx.Response(200)


def open_portal(
    monkeypatch: pytest.MonkeyPatch, hosts: Hosts, address: str, cookie_domain: str
) -> SiiPortal:
    """Returns a portal whose login gives one TOKEN for `cookie_domain`."""

    def logged_in(addresses: Addresses, login_rut: str, clave: str) -> list[dict[str, str]]:
        return [{"name": "TOKEN", "value": "abc", "domain": cookie_domain, "path": "/"}]

    client = httpx.Client

    def with_hosts(**options: object) -> httpx.Client:
        return client(transport=httpx.MockTransport(hosts), **options)  # type: ignore[arg-type]

    monkeypatch.setattr(portal_module, "log_in", logged_in)
    monkeypatch.setattr(httpx, "Client", with_hosts)
    return SiiPortal(Settings(sii_auth_url=address, sii_home_url=address, sii_services_url=address))


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
    portal = open_portal(monkeypatch, hosts, "https://zeusr.sii.cl", ".sii.cl")
    with pytest.raises(KeyError), portal.open_session("76000001-9", "x"):
        raise KeyError
    assert list(hosts.cookies) == ["zeusr.sii.cl/cgi_AUT2000/autTermino.cgi"]


def test_a_logout_that_fails_does_not_spoil_the_work(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    portal = open_portal(monkeypatch, Hosts(broken="autTermino"), "https://zeusr.sii.cl", ".sii.cl")
    with portal.open_session("76000001-9", "x"):
        pass
    assert "could not log out of SII: ConnectError" in caplog.text
