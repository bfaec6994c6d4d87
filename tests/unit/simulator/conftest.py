"""One simulator for all tests here, brought back to its start before each."""

from collections.abc import Iterator
from datetime import date

import pytest

from simulator.settings import Settings
from tests.unit.simulator.portal_client import PortalClient
from tests.unit.simulator.server import Admin, running

WHATSAPP_TOKEN = "an-invented-token"


@pytest.fixture(scope="package")
def address() -> Iterator[str]:
    settings = Settings(
        today=date(2026, 11, 15),
        whatsapp_token=WHATSAPP_TOKEN,
        smtp_host="127.0.0.1",
        smtp_port=0,
    )
    with running(settings) as found:
        yield found


@pytest.fixture
def admin(address: str) -> Iterator[Admin]:
    with Admin(address) as admin:
        assert admin.http.post("reset").status_code == 204
        yield admin


@pytest.fixture
def portal(admin: Admin, address: str) -> Iterator[PortalClient]:
    with PortalClient(address) as client:
        yield client
