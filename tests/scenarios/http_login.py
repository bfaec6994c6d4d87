"""A login without a browser: what it posts is what the form's script would, and it judges answers
by the product's own words. For tests of what comes after the login."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from app.errors import SiiUnavailable, UnexpectedAnswer
from app.infrastructure.sii import answers, pages
from app.infrastructure.sii import portal as portal_module
from app.infrastructure.sii.portal import SiiPortal
from app.settings import Settings


def log_in(
    addresses: pages.Addresses, login_rut: str, clave: str, *_: object
) -> list[dict[str, Any]]:
    """Stands in for `login.log_in`."""
    body, check_digit = login_rut.split("-")
    form = {
        "rut": body, "dv": check_digit, "rutcntr": body + check_digit, "clave": clave,
        "411": "simulado", "referencia": addresses.protected_page,
    }  # fmt: skip
    with httpx.Client(follow_redirects=True, timeout=30) as client:
        page = client.get(addresses.protected_page)
        _refuse_outage(page)
        if 'id="myform"' not in page.text:
            raise SiiUnavailable
        answer = client.post(f"{addresses.auth}/cgi_AUT2000/{pages.LOGIN_ANSWER}", data=form)
        try:
            _refuse_outage(answer)
        except SiiUnavailable:  # where the login led: the session is open all the same
            client.get(addresses.logout, follow_redirects=False)
            raise
        cookies = [
            {"name": one.name, "value": one.value, "domain": one.domain, "path": one.path}
            for one in client.cookies.jar
        ]
    if not any(one["name"] == pages.TOKEN_COOKIE for one in cookies):
        raise answers.refusal(answer.text) or UnexpectedAnswer
    return cookies


def _refuse_outage(answer: httpx.Response) -> None:
    outage = answers.outage(str(answer.url))
    if outage is not None:
        raise outage


def settings_of(address: str) -> Settings:
    """Returns those of a portal at a simulator, with politeness off, whatever it is made of."""
    polite = ("sii_min_", "sii_max_", "sii_requests_")
    off: dict[str, Any] = {name: 0 for name in Settings.model_fields if name.startswith(polite)}
    return Settings(
        sii_auth_url=f"{address}/zeusr",
        sii_home_url=f"{address}/misiir",
        sii_services_url=f"{address}/www4",
        sii_receipts_url=f"{address}/loa",
        **off,
    )


@contextmanager
def portal_without_browser(address: str) -> Iterator[SiiPortal]:
    """Yields the portal at a simulator's address; it logs in by `log_in`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(portal_module, "log_in", log_in)
        yield SiiPortal(settings_of(address))
