"""Chromium under Selenium: started for one login, and gone afterwards whatever happens."""

import ctypes
import logging
import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from app.errors import BrowserFailed, ConfigurationError, FiscalError, SiiUnavailable
from app.infrastructure.sii import pages
from app.infrastructure.sii.tally import TIMEOUT, UNREACHABLE, Tally, kind_of
from app.tracing import span

if TYPE_CHECKING:
    from selenium.webdriver import ChromeOptions
    from selenium.webdriver.chrome.service import Service
    from selenium.webdriver.remote.client_config import ClientConfig
    from selenium.webdriver.remote.webdriver import WebDriver

COMMAND_TIMEOUT = 120  # seconds for any answer of the driver; Selenium's own default is to wait
PAGE_TIMEOUT = 60  # seconds
SCRIPT_TIMEOUT = 20  # seconds
QUIT_TIMEOUT = 5  # seconds that a polite end may take

_STATUS = "return (performance.getEntriesByType('navigation')[0] || {}).responseStatus || 0;"
_PR_SET_PDEATHSIG = 1  # linux/prctl.h

# Selenium logs each command with its arguments at debug level: the clave among them.
logging.getLogger("selenium").setLevel(logging.WARNING)


@contextmanager
def chromium() -> Iterator["WebDriver"]:
    """Yields a fresh headless Chromium with an empty profile; nothing of it stays behind.

    Raises ConfigurationError where the image has no Chromium.
    """
    # Imported here: only the selenium image has it, and it costs every other process memory.
    from selenium.webdriver.chrome.remote_connection import ChromeRemoteConnection
    from selenium.webdriver.remote.webdriver import WebDriver

    profile = Path(tempfile.mkdtemp(prefix="chromium-"))
    service = _service(profile)
    driver = None
    try:
        with span("browser start"):
            service.start()
            address = service.service_url
            driver = WebDriver(
                ChromeRemoteConnection(address, ignore_proxy=True, client_config=_client(address)),
                options=_options(profile),
            )
        yield driver
    finally:
        _end(driver, service, profile)


def page_status(driver: "WebDriver") -> int:
    """Returns the HTTP status of the page that is shown, 0 where it is not known."""
    return int(driver.execute_script(_STATUS))


def failure(error: Exception, where: str) -> FiscalError:
    """Returns what an error of the driver comes to; `where` names the page in words."""
    from selenium.common.exceptions import TimeoutException, WebDriverException

    if isinstance(error, TimeoutException):
        return SiiUnavailable(f"SII's {where} did not answer in time.", seen=TIMEOUT)
    if isinstance(error, WebDriverException) and pages.NETWORK_ERROR in (error.msg or ""):
        return SiiUnavailable(f"SII's {where} cannot be reached.", seen=UNREACHABLE)
    return BrowserFailed()


@contextmanager
def counted(tally: Tally, page: str) -> Iterator[None]:
    """Counts what a browser meets meanwhile as the answer of one page."""
    from selenium.common.exceptions import WebDriverException
    from urllib3.exceptions import HTTPError  # what Selenium lets through when the driver is gone

    with tally.answer(page) as answer:
        try:
            yield
        except (WebDriverException, HTTPError) as error:
            answer.kind = kind_of(failure(error, page))
            raise


def _service(scratch: Path) -> "Service":
    from selenium.webdriver.chrome.service import Service

    # A session of its own: everything that Chromium starts can be found and ended together.
    started = {"start_new_session": True, "preexec_fn": _die_with_parent}
    # An environment of its own: a browser has no use for our passwords and keys.
    environment = {"PATH": os.defpath, "HOME": str(scratch), "TMPDIR": str(scratch)}
    return Service(_program("chromedriver"), env=environment, popen_kw=started)


def _client(address: str) -> "ClientConfig":
    from selenium.webdriver.remote.client_config import ClientConfig

    return ClientConfig(address, timeout=COMMAND_TIMEOUT)


def _options(profile: Path) -> "ChromeOptions":
    from selenium.webdriver import ChromeOptions

    options = ChromeOptions()
    options.timeouts = {"pageLoad": PAGE_TIMEOUT * 1000, "script": SCRIPT_TIMEOUT * 1000}
    options.binary_location = _program("chromium", "chromium-browser", "google-chrome")
    for argument in (
        "--headless=new",
        "--no-sandbox",  # the container is the sandbox: no capability, no user namespaces
        "--disable-gpu",
        "--disable-crash-reporter",
        "--disable-breakpad",
        "--disable-background-networking",
        "--disable-component-update",
        "--no-first-run",
        "--remote-debugging-pipe",  # Chromium ends by itself when chromedriver is gone
        "--lang=es-CL",
        f"--user-data-dir={profile}",
    ):
        options.add_argument(argument)
    return options


def _program(*names: str) -> str:
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        raise ConfigurationError(f"{names[0]} is not installed; use the selenium image.")
    return found


_libc = ctypes.CDLL(None)


def _die_with_parent() -> None:
    """Runs in the forked chromedriver: a worker's child that is killed takes it along."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _end(driver: "WebDriver | None", service: "Service", profile: Path) -> None:
    try:
        if driver is not None:
            _quit(driver)
    finally:
        process = getattr(service, "process", None)
        if process is not None:
            process.kill()
            process.wait()
            _kill_session(process.pid)
        shutil.rmtree(profile, ignore_errors=True)


def _quit(driver: "WebDriver") -> None:
    """Asks Chromium to end, and does not wait for one that hangs."""

    def ask() -> None:
        with suppress(Exception):  # it is killed right after
            driver.quit()

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(QUIT_TIMEOUT)


def _kill_session(leader: int) -> None:
    """Kills every process of the session that `leader` led, whatever group it went to."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):  # gone in between
                if os.getsid(int(entry.name)) == leader:
                    os.kill(int(entry.name), signal.SIGKILL)
