"""The driver is killed, for example for its memory: nothing is known about SII then."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from selenium.webdriver import ChromeOptions
from selenium.webdriver.remote.client_config import ClientConfig
from selenium.webdriver.remote.remote_connection import RemoteConnection
from selenium.webdriver.remote.webdriver import WebDriver

from app.errors import BrowserFailed
from app.infrastructure.sii import login, pages

NOBODY = "http://127.0.0.1:9"  # the discard port: refused at once
ADDRESSES = pages.Addresses(auth=NOBODY, home=NOBODY, services=NOBODY, receipts=NOBODY)


@contextmanager
def killed_chromium() -> Iterator[WebDriver]:
    """Yields a driver whose process is gone."""

    class Killed(WebDriver):
        def start_session(self, capabilities: object) -> None:
            self.session_id = "gone"
            self.caps = {}

    yield Killed(RemoteConnection(client_config=ClientConfig(NOBODY)), options=ChromeOptions())


def test_a_driver_that_is_gone_is_a_failure_of_the_browser(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(login, "chromium", killed_chromium)
    with pytest.raises(BrowserFailed) as raised:
        login.log_in(ADDRESSES, "77123456-9", "a clave")
    assert raised.value.__cause__ is None  # whose text could quote what was typed
