"""Logs in to the portal as a person does: one page, one form, one click, exactly once."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from app.errors import BrowserFailed, FiscalError, SiiUnavailable, UnexpectedAnswer
from app.infrastructure.sii import answers, pages
from app.infrastructure.sii.browser import chromium, counted, failure, page_status
from app.infrastructure.sii.memory import Cookie
from app.infrastructure.sii.politeness import ALONE, Turn
from app.infrastructure.sii.tally import UNCOUNTED, Tally
from app.tracing import span

if TYPE_CHECKING:
    from selenium.webdriver.remote.webdriver import WebDriver

FORM_TIMEOUT = 30  # seconds; the page may stay blank for a while after the redirect
ANSWER_TIMEOUT = 30  # seconds from the click to the page after it
_POLL = 0.1  # seconds
_GIVEN = ("name", "value", "domain", "path", "secure", "httpOnly", "sameSite")

_logger = logging.getLogger(__name__)


def log_in(
    addresses: pages.Addresses,
    login_rut: str,
    clave: str,
    turn: Turn = ALONE.wait_for_turn,
    tally: Tally = UNCOUNTED,
) -> list[Cookie]:
    """Returns the cookies of a new session of `login_rut` (canonical). The browser is gone then.

    Raises what `logged_in` raises.
    """
    with logged_in(addresses, login_rut, clave, turn, tally) as (_, cookies):
        return cookies


@contextmanager
def logged_in(
    addresses: pages.Addresses,
    login_rut: str,
    clave: str,
    turn: Turn = ALONE.wait_for_turn,
    tally: Tally = UNCOUNTED,
    cookies: list[Cookie] | None = None,
) -> Iterator[tuple["WebDriver", list[Cookie]]]:
    """Yields the browser that has logged in as `login_rut` (canonical), and its cookies; one that
    is given the `cookies` of a session that is open asks for nothing.

    The clave is sent at most once. Raises InvalidCredentials, CredentialsBlocked,
    TooManySessions, SiiUnavailable, SessionExpired, BrowserFailed or UnexpectedAnswer; where the
    browser fails after the login, SiiUnavailable or BrowserFailed. What `turn` raises, too, which
    is called before each request. The session stays open.
    """
    from selenium.common.exceptions import WebDriverException
    from urllib3.exceptions import HTTPError  # what Selenium lets through when the driver is gone

    page: _LoginPage | None = None
    try:
        with chromium() as driver:
            if cookies is None:
                page = _LoginPage(driver, addresses, turn, tally)
                with span("browser login"):
                    cookies = page.enter(login_rut, clave)
            else:
                _give(driver, cookies)
            yield driver, cookies
    # `from None`: a driver's message quotes the page, which holds what was typed.
    except (WebDriverException, HTTPError) as error:
        where = "login page" if cookies is None else "page"
        if cookies is None and page is not None and page.is_clave_sent:
            # Permanent: nobody knows whether it was right, and a second try could block it.
            raise UnexpectedAnswer("The answer to the login was lost after it was sent.") from None
        failed = failure(error, where)
        if isinstance(failed, BrowserFailed):
            _logger.warning("the browser failed at SII's %s: %s", where, type(error).__name__)
        raise failed from None


def _give(driver: "WebDriver", cookies: list[Cookie]) -> None:
    """Lets a fresh browser go on with a session: what it is told of each is what names it."""
    known = [{key: one[key] for key in _GIVEN if key in one} for one in cookies]
    command = {"cmd": "Network.setCookies", "params": {"cookies": known}}
    driver.execute("executeCdpCommand", command)


class _LoginPage:
    def __init__(
        self,
        driver: "WebDriver",
        addresses: pages.Addresses,
        turn: Turn = ALONE.wait_for_turn,
        tally: Tally = UNCOUNTED,
    ) -> None:
        self._driver = driver
        self._addresses = addresses
        self._turn = turn
        self._tally = tally
        self.is_clave_sent = False

    def enter(self, login_rut: str, clave: str) -> list[Cookie]:
        with counted(self._tally, "login_page"):
            self._open()
        self._forget_session()
        try:
            with counted(self._tally, "login"):
                self._submit(login_rut, clave)
                self._await_answer()
            return self._cookies()
        except BaseException:
            self._leave()
            raise

    def _open(self) -> None:
        """Goes where only users may go, and lets SII send us to its form."""
        from selenium.common.exceptions import UnexpectedAlertPresentException
        from selenium.webdriver.common.by import By

        self._turn()
        self._driver.get(self._addresses.protected_page)
        deadline = time.monotonic() + FORM_TIMEOUT
        while time.monotonic() < deadline:
            with suppress(UnexpectedAlertPresentException):  # which closes it
                self._refuse_outage()
                fields = self._driver.find_elements(By.CSS_SELECTOR, pages.RUT_FIELD)
                if fields and fields[0].is_displayed():
                    return
            time.sleep(_POLL)
        raise SiiUnavailable("SII did not show its login form.")

    def _refuse_outage(self) -> None:
        error = answers.outage(self._driver.current_url)
        error = error or answers.overload(page_status(self._driver))
        if error is not None:
            raise error

    def _at_auth(self, address: str) -> bool:
        return address.startswith(f"{self._addresses.auth}/")

    def _forget_session(self) -> None:
        """Without this a token that is still there makes a wrong clave look right."""
        for cookie in self._all_cookies():
            if pages.SESSION_COOKIE.fullmatch(cookie["name"]):
                self._driver.execute(
                    "executeCdpCommand",
                    {
                        "cmd": "Network.deleteCookies",
                        "params": {key: cookie[key] for key in ("name", "domain", "path")},
                    },
                )

    def _submit(self, login_rut: str, clave: str) -> None:
        from selenium.common.exceptions import ElementClickInterceptedException
        from selenium.webdriver.common.by import By

        find = self._driver.find_element
        find(By.CSS_SELECTOR, pages.RUT_FIELD).send_keys(login_rut.replace("-", ""))
        find(By.CSS_SELECTOR, pages.CLAVE_FIELD).send_keys(clave)
        button = find(By.CSS_SELECTOR, pages.LOGIN_BUTTON)
        self._turn()
        self.is_clave_sent = True
        try:
            button.click()  # a real click: a scripted one does not run the form's own checks
        except ElementClickInterceptedException:
            form = find(By.CSS_SELECTOR, pages.LOGIN_FORM)
            self._driver.execute_script("arguments[0].requestSubmit()", form)

    def _await_answer(self) -> None:
        from selenium.common.exceptions import UnexpectedAlertPresentException

        deadline = time.monotonic() + ANSWER_TIMEOUT
        while time.monotonic() < deadline:
            # Read once for all questions: the page may change between two of them.
            address, said = self._address()
            try:
                error = answers.outage(address) or self._objection(address, said)
            except UnexpectedAlertPresentException as alert:  # it came while the page was read
                error = self._objection(address, alert.alert_text or "")
            if error is not None:
                raise error
            if not self._at_auth(address):
                return
            time.sleep(_POLL)
        # Permanent on purpose: a clave that was sent is not sent again for an unknown answer.
        raise UnexpectedAnswer("SII answered the login with a page that is not known.")

    def _address(self) -> tuple[str, str]:
        """Returns the page's address, and what an alert in front of it said, which is closed."""
        from selenium.common.exceptions import UnexpectedAlertPresentException

        said = self._alert()
        try:
            return self._driver.current_url, said
        except UnexpectedAlertPresentException as alert:  # it came in between
            return self._driver.current_url, alert.alert_text or ""

    def _alert(self) -> str:
        from selenium.common.exceptions import NoAlertPresentException

        try:
            alert = self._driver.switch_to.alert
            text: str = alert.text
            alert.accept()
        except NoAlertPresentException:
            return ""
        return text

    def _objection(self, address: str, said: str) -> FiscalError | None:
        """Returns what the page at `address` has against this login, None for nothing yet."""
        refused = answers.refusal(said)
        if refused is not None:
            return refused
        if not self._at_auth(address):
            return None
        if said:
            return UnexpectedAnswer("SII refused the login by an alert.")
        if pages.LOGIN_ANSWER in address:
            return answers.refusal(self._text("body"))
        text = self._text(pages.LOGIN_ALERT)
        if text:
            return answers.refusal(text) or UnexpectedAnswer("SII's login form refuses this RUT.")
        return None

    def _text(self, selector: str) -> str:
        from selenium.common.exceptions import StaleElementReferenceException
        from selenium.webdriver.common.by import By

        with suppress(StaleElementReferenceException):  # the next page came in between
            found = self._driver.find_elements(By.CSS_SELECTOR, selector)
            return found[0].text.strip() if found else ""
        return ""

    def _cookies(self) -> list[Cookie]:
        cookies = self._all_cookies()
        if not any(one["name"] == pages.TOKEN_COOKIE and one["value"] for one in cookies):
            raise UnexpectedAnswer("SII let us in without giving a token.")
        return cookies

    def _all_cookies(self) -> list[Cookie]:
        command = {"cmd": "Network.getAllCookies", "params": {}}
        found: list[Cookie] = self._driver.execute("executeCdpCommand", command)["value"]["cookies"]
        return found

    def _leave(self) -> None:
        """Ends a session that may be open although the login failed: SII allows only ten."""
        with suppress(Exception):
            if any(one["name"] == pages.TOKEN_COOKIE for one in self._all_cookies()):
                self._driver.set_page_load_timeout(10)
                self._driver.get(self._addresses.logout)
