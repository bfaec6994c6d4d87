"""The operations page in a real Chromium: signing in, the picture, and how it looks."""

import base64
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import redis
from cryptography.fernet import Fernet

from app.infrastructure.celery.beat import seed_schedule
from app.infrastructure.celery.publisher import CeleryPublisher
from app.infrastructure.cipher import Cipher
from app.infrastructure.db.session import session_scope
from app.infrastructure.sii.browser import chromium
from app.main import create_app
from app.settings import get_settings
from tests import operations
from tests.conftest import ROOT
from tests.unit.api.conftest import _own_logging, serving  # noqa: F401 (a fixture)
from tests.waiting import wait_until

if TYPE_CHECKING:
    from selenium.webdriver.remote.webdriver import WebDriver

SIZES = {"phone": (375, 812), "desk": (1440, 900)}
PICTURES = os.environ.get("FISCAL_SCREENSHOTS")  # a directory to look at them in
SHOWN = ROOT / "docs" / "ops.png"


@pytest.fixture
def page(
    database_url: str,
    redis_url: str,
    monkeypatch: pytest.MonkeyPatch,
    _own_logging: None,  # noqa: F811
) -> Iterator[tuple[str, str]]:
    """Yields the page's address and the password of `ana`, with a flood of runs."""
    monkeypatch.setenv("API_KEYS", "a-key")
    monkeypatch.setenv("SECRET_KEYS", Fernet.generate_key().decode())
    get_settings.cache_clear()
    seed_schedule(database_url)
    with session_scope() as session:
        password = operations.add_accounts(session)["ana"]
        companies = operations.add_companies(session)
        operations.add_finished(session, 1200)
        operations.add_flood(session, companies)
        operations.add_due(session, "notifications: send what is due", 200)
        operations.add_due(session, "sii: documents of all companies", 9000)
    with redis.Redis.from_url(redis_url) as client:
        operations.report_workers(client)
    cipher = Cipher([get_settings().require("secret_keys")])
    with serving(create_app(CeleryPublisher, lambda: cipher)) as url:
        yield f"{url}/ops", password


def test_a_person_signs_in_and_sees_what_is_done(page: tuple[str, str], tmp_path: Path) -> None:
    address, password = page
    with chromium() as driver:
        driver.get(address)
        assert driver.current_url.endswith("/ops/sign-in")
        driver.find_element("css selector", "nav a[hreflang=es]").click()
        assert driver.title == "Operaciones · Fiscal"
        look(driver, "phone", "light", tmp_path / "sign-in.png")
        driver.find_element("id", "name").send_keys("ana")
        driver.find_element("id", "password").send_keys(password)
        driver.find_element("css selector", ".entry button").click()
        wait_until(lambda: driver.find_elements("css selector", "#live.on"), what="live figures")
        for theme in ("dark", "light"):
            for size in SIZES:
                look(driver, size, theme, tmp_path / f"{size}-{theme}.png")
                assert width_of(driver) <= SIZES[size][0]
        assert driver.title == "Operaciones · Fiscal"  # the name with a script in it ran nothing
        assert operations.MARKUP in driver.find_element("id", "running").text
        assert "rápida" in driver.find_element("css selector", ".wide .q-high .verdict").text
        assert severe(driver) == []
        if PICTURES:
            driver.find_element("css selector", "nav a[hreflang=en]").click()
            look(driver, "desk", "light", SHOWN, height=900)


def look(driver: "WebDriver", size: str, theme: str, path: Path, height: int | None = None) -> None:
    """Takes a picture of the whole page, or of its first `height` pixels."""
    width, screen = SIZES[size]
    feature = {"name": "prefers-color-scheme", "value": theme}
    ask(driver, "Emulation.setEmulatedMedia", features=[feature])
    metrics = {"width": width, "height": screen, "deviceScaleFactor": 1, "mobile": size == "phone"}
    ask(driver, "Emulation.setDeviceMetricsOverride", **metrics)
    whole = int(driver.execute_script("return document.documentElement.scrollHeight"))
    clip = {"x": 0, "y": 0, "width": width, "height": height or whole, "scale": 1}
    taken = ask(driver, "Page.captureScreenshot", clip=clip, captureBeyondViewport=True)
    path = Path(PICTURES) / path.name if PICTURES and path != SHOWN else path
    path.write_bytes(base64.b64decode(taken["data"]))
    assert path.stat().st_size > 5_000


def ask(driver: "WebDriver", command: str, **parameters: Any) -> Any:
    """Speaks the browser's own protocol, which knows themes and sizes of screens."""
    return driver.execute("executeCdpCommand", {"cmd": command, "params": parameters})["value"]


def width_of(driver: "WebDriver") -> int:
    return int(driver.execute_script("return document.documentElement.scrollWidth"))


def severe(driver: "WebDriver") -> list[str]:
    """Returns what the browser complains of: a style or script that the policy forbids, say."""
    entries = driver.execute("getLog", {"type": "browser"})["value"]
    return [entry["message"] for entry in entries if entry["level"] == "SEVERE"]
