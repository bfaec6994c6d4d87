"""Tests that drive a real Chromium on this machine, against one simulator process."""

import shutil
from collections.abc import Iterator

import pytest
from cryptography.fernet import Fernet

from app.infrastructure.cipher import Cipher
from app.infrastructure.db.session import get_session_factory
from app.infrastructure.sii.portal import SiiPortal
from app.settings import Settings
from tests.missing import missing
from tests.simulator import Simulator, running_simulator
from tests.unit.sii.books import Books

NO_CHROMIUM = (
    "tests/browser was not run: this machine has no chromium and chromedriver. Install them,"
    " on Debian by `apt-get install chromium chromium-driver`, and start the tests again."
)


@pytest.fixture(scope="session", autouse=True)
def _chromium() -> None:
    """Fails in CI, and skips elsewhere, where there is no Chromium."""
    browser = any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome")))
    if browser and shutil.which("chromedriver"):
        return
    missing(NO_CHROMIUM)


@pytest.fixture(scope="package")
def _simulator(_chromium: None) -> Iterator[Simulator]:
    with running_simulator(SIMULATOR_TODAY="2026-11-20") as simulator:
        yield simulator


@pytest.fixture
def simulator(_simulator: Simulator) -> Simulator:
    """A simulator that remembers nothing yet; it is 20 November 2026 there."""
    _simulator.reset()
    return _simulator


@pytest.fixture
def books(database_url: str) -> Books:
    return Books(get_session_factory(), Cipher([Fernet.generate_key().decode()]))


@pytest.fixture
def portal(simulator: Simulator) -> SiiPortal:
    return SiiPortal(
        Settings(
            sii_auth_url=f"{simulator.url}/zeusr",
            sii_home_url=f"{simulator.url}/misiir",
            sii_services_url=f"{simulator.url}/www4",
            sii_receipts_url=f"{simulator.url}/loa",
            sii_min_request_interval=0,
        )
    )
