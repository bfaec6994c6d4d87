"""The SII portal as the services see it: Chromium logs in, HTTP reads, one session per RUT."""

import logging
import ssl
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import lru_cache

import httpx

from app.errors import FiscalError, LoginBusy, SessionExpired, SiiUnavailable
from app.infrastructure.sii import answers, pages
from app.infrastructure.sii.client import CountingClient
from app.infrastructure.sii.f29 import F29Forms
from app.infrastructure.sii.f29_list import F29List
from app.infrastructure.sii.login import log_in, logged_in
from app.infrastructure.sii.memory import FORGETFUL, Cookie, Hold, SessionMemory
from app.infrastructure.sii.politeness import ALONE, Politeness, Turn
from app.infrastructure.sii.rcv import RcvSession
from app.infrastructure.sii.tally import UNCOUNTED, Tally
from app.settings import Settings

TIMEOUT = httpx.Timeout(120, connect=15)  # seconds; a full month's export is slow to come
LOGOUT_TIMEOUT = 10  # seconds

_logger = logging.getLogger(__name__)
# httpcore shows headers at debug level, the session's cookies among them.
logging.getLogger("httpcore").setLevel(logging.INFO)


class SiiPortal:
    """Opens sessions at the hosts that the settings name."""

    def __init__(
        self,
        settings: Settings,
        politeness: Politeness = ALONE,
        memory: SessionMemory = FORGETFUL,
        tally: Tally = UNCOUNTED,
    ) -> None:
        self._addresses = pages.Addresses(
            auth=settings.sii_auth_url.rstrip("/"),
            home=settings.sii_home_url.rstrip("/"),
            services=settings.sii_services_url.rstrip("/"),
            receipts=settings.sii_receipts_url.rstrip("/"),
        )
        self._interval = settings.sii_min_request_interval
        self._recaptcha = settings.sii_recaptcha_token
        self._export_limit = settings.sii_export_limit
        self._politeness = politeness
        self._memory = memory
        self._tally = tally

    @contextmanager
    def open_session(self, login_rut: str, clave: str) -> Iterator[RcvSession]:
        """Yields a session of `login_rut`: one that was left open, if it still works.

        It is logged out whatever happens, unless all went well and the memory leaves it open.
        Raises what `log_in` raises, BrowsersBusy, LoginBusy, SiiStandstill and QueueUnavailable.
        """
        hold = self._memory.take(login_rut, clave)
        with self._tally.flushed():
            home = self._home_page(hold)
            session = self._session(hold, home is not None, login_rut, clave)
            with session as (client, cookies, turn):
                yield RcvSession(
                    client,
                    self._addresses,
                    login_rut=login_rut,
                    token=_token(cookies),
                    home=home,
                    recaptcha_token=self._recaptcha,
                    export_limit=self._export_limit,
                    min_interval=self._interval,
                    turn=turn,
                    tally=self._tally,
                )

    @contextmanager
    def open_f29_list(self, login_rut: str, clave: str) -> Iterator[F29List]:
        """Yields the list of F29 in a browser; begins, ends and raises like `open_session`."""
        hold = self._memory.take(login_rut, clave)
        with self._tally.flushed(), ExitStack() as stack:
            left = hold.cookies if self._is_open(hold) else None
            if left is None:
                self._end_left(hold)
            turn = stack.enter_context(self._seat(hold))
            if left is not None:  # first: where the browser fails with it, it is ended as well
                stack.enter_context(self._opened(hold, left))
            browser = logged_in(self._addresses, login_rut, clave, turn, self._tally, left)
            driver, cookies = stack.enter_context(browser)
            if left is None:
                stack.enter_context(self._opened(hold, cookies))
            yield F29List(
                driver,
                self._addresses,
                min_interval=self._interval,
                turn=turn,
                tally=self._tally,
            )

    @contextmanager
    def open_f29_forms(self, login_rut: str, clave: str) -> Iterator[F29Forms]:
        """Yields the PDFs of F29, no browser; begins, ends and raises like `open_session`."""
        hold = self._memory.take(login_rut, clave)
        with (
            self._tally.flushed(),
            self._session(hold, self._is_open(hold), login_rut, clave) as (client, _, turn),
        ):
            yield F29Forms(
                client,
                self._addresses,
                min_interval=self._interval,
                turn=turn,
                tally=self._tally,
            )

    @contextmanager
    def _session(
        self, hold: Hold, is_open: bool, login_rut: str, clave: str
    ) -> Iterator[tuple[httpx.Client, list[Cookie], Turn]]:
        """Yields a client in the session that was left open, or in one that is opened now."""
        cookies = hold.cookies or []
        if not is_open:
            self._end_left(hold)
            with self._seat(hold) as turn:
                cookies = log_in(self._addresses, login_rut, clave, turn, self._tally)
        with self._opened(hold, cookies) as client:
            yield client, cookies, _both(self._politeness.wait_for_turn, hold.check)

    @contextmanager
    def _seat(self, hold: Hold) -> Iterator[Turn]:
        """Yields the turns of a browser, and heeds what its pages ask for."""
        try:
            with self._politeness.seat() as turn:
                yield self._tally.turn(_both(turn, hold.check))
        except SiiUnavailable as error:
            if error.asked_wait is not None:
                self._politeness.stand_still(error.asked_wait)
            raise

    @contextmanager
    def _opened(self, hold: Hold, cookies: list[Cookie]) -> Iterator[httpx.Client]:
        """Yields a client in an open session, which is remembered before anything else."""
        with self._http(cookies) as client:
            try:
                hold.keep(cookies)
                yield client
                if hold.stays_open:
                    with suppress(LoginBusy):  # this one is done, and the other has the session
                        hold.keep(cookies)
                    return
            except BaseException:
                self._end(client, hold, cookies)
                raise
            self._end(client, hold, cookies)

    def _is_open(self, hold: Hold) -> bool:
        """Returns whether a session was left open that still is. Raises SII's errors."""
        return hold.is_proven or self._home_page(hold) is not None

    def _home_page(self, hold: Hold) -> bytes | None:
        """Returns what a session that was left open is shown, None where none was or it is over.

        Raises SII's errors.
        """
        if not hold.is_fresh:
            return None
        with self._http(hold.cookies or []) as client:
            _both(self._politeness.wait_for_turn, hold.check)()
            try:
                answer = client.get(self._addresses.protected_page)
            except httpx.HTTPError as error:
                # `from None`: the request that the cause holds carries the session's cookies.
                raise SiiUnavailable(f"SII did not answer ({type(error).__name__}).") from None
        failure = answers.failure_of(answer)
        if failure is None:
            return answer.content
        if isinstance(failure, SessionExpired):
            return None
        raise failure

    def _end_left(self, hold: Hold) -> None:
        """Ends a session that was left open, before another one is opened."""
        if hold.cookies is not None:
            with self._http(hold.cookies) as client:
                self._end(client, hold, hold.cookies)

    def _end(self, client: httpx.Client, hold: Hold, cookies: list[Cookie]) -> None:
        """Logs out, unless the session is another run's now. Hides no other error."""
        with suppress(Exception):  # a database that is away is no reason to leave it open
            if not hold.is_mine():
                return
        is_ended = self._log_out(client)
        with suppress(Exception):  # then the next run finds out
            if is_ended:
                hold.forget()
            else:
                hold.keep(cookies, is_fresh=False)

    def _http(self, cookies: list[Cookie]) -> httpx.Client:
        """Returns a client with a session's cookies, which heeds what answers ask for."""
        return CountingClient(
            self._tally,
            cookies=_jar(cookies),
            verify=_trusted(),
            timeout=TIMEOUT,
            follow_redirects=True,
            event_hooks={"response": [self._heed]},
        )

    def _heed(self, response: httpx.Response) -> None:
        """Does what an answer asks for; the request that follows a redirect waits for its turn."""
        asked = answers.asked_wait(
            str(response.url), response.status_code, response.headers.get("Retry-After")
        )
        if asked is not None:
            self._politeness.stand_still(asked)
        elif response.has_redirect_location and not self._is_logout(response.url):
            self._tally.turn(self._politeness.wait_for_turn)()

    def _is_logout(self, address: httpx.URL) -> bool:
        return str(address) == self._addresses.logout

    def _log_out(self, client: httpx.Client) -> bool:
        """Returns whether SII has heard it."""
        with suppress(FiscalError):  # goes all the same: an open session costs SII more
            self._politeness.wait_for_turn(patience=0)
        try:
            # Where this leads is not asked for: the session has ended by then.
            client.get(self._addresses.logout, timeout=LOGOUT_TIMEOUT, follow_redirects=False)
        except httpx.HTTPError as error:
            # Not worth failing a finished sync: SII ends idle sessions by itself, after an hour.
            _logger.warning("could not log out of SII: %s", type(error).__name__)
            return False
        return True


@lru_cache(maxsize=1)
def _trusted() -> ssl.SSLContext:
    """Made once: to read all certificates takes a tenth of a round trip."""
    return httpx.create_ssl_context()


def _both(first: Turn, then: Turn) -> Turn:
    def turn() -> None:
        first()
        then()

    return turn


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
