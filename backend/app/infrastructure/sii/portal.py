"""The SII portal as the services see it: Chromium logs in, HTTP reads, the session always ends."""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import httpx

from app.infrastructure.sii import pages
from app.infrastructure.sii.login import Cookie, log_in
from app.infrastructure.sii.rcv import RcvSession
from app.settings import Settings

TIMEOUT = httpx.Timeout(120, connect=15)  # seconds; a full month's export is slow to come
LOGOUT_TIMEOUT = 10  # seconds

_logger = logging.getLogger(__name__)
# httpcore shows headers at debug level, the session's cookies among them.
logging.getLogger("httpcore").setLevel(logging.INFO)


class SiiPortal:
    """Opens sessions at the hosts that the settings name."""

    def __init__(self, settings: Settings) -> None:
        self._addresses = pages.Addresses(
            auth=settings.sii_auth_url.rstrip("/"),
            home=settings.sii_home_url.rstrip("/"),
            services=settings.sii_services_url.rstrip("/"),
        )
        self._interval = settings.sii_min_request_interval
        self._recaptcha = settings.sii_recaptcha_token

    @contextmanager
    def open_session(self, login_rut: str, clave: str) -> Iterator[RcvSession]:
        """Yields a session of `login_rut` and logs it out at the end, whatever happened.

        Raises what `log_in` raises.
        """
        cookies = log_in(self._addresses, login_rut, clave)
        with httpx.Client(cookies=_jar(cookies), timeout=TIMEOUT, follow_redirects=True) as client:
            try:
                yield RcvSession(
                    client,
                    self._addresses,
                    token=_token(cookies),
                    recaptcha_token=self._recaptcha,
                    min_interval=self._interval,
                )
            finally:
                _log_out(client, self._addresses)


def _token(cookies: Iterable[Cookie]) -> str:
    return next(str(one["value"]) for one in cookies if one["name"] == pages.TOKEN_COOKIE)


def _jar(cookies: Iterable[Cookie]) -> httpx.Cookies:
    jar = httpx.Cookies()
    for cookie in cookies:
        domain = cookie["domain"]
        # Python's cookie policy knows a host without dots, such as `simulator`, by this name.
        known = domain if "." in domain else f"{domain}.local"
        jar.set(cookie["name"], cookie["value"], domain=known, path=cookie["path"])
    return jar


def _log_out(client: httpx.Client, addresses: pages.Addresses) -> None:
    try:
        client.get(addresses.logout, timeout=LOGOUT_TIMEOUT)
    except httpx.HTTPError as error:
        # Not worth failing a finished sync: SII ends idle sessions by itself, after an hour.
        _logger.warning("could not log out of SII: %s", type(error).__name__)
