"""The turn of a login RUT: renewed by its holder, and lost by one that stands still."""

import time

import pytest

from app.errors import LoginBusy
from app.infrastructure.db.session import get_engine
from app.services import sii_logins
from app.services.sii_logins import one_at_a_time
from tests.waiting import wait_until

RUT = "76000001-9"


@pytest.fixture(autouse=True)
def _short_lease(monkeypatch: pytest.MonkeyPatch, database_url: str) -> None:
    monkeypatch.setattr(sii_logins, "LEASE", 1)


def is_free() -> bool:
    try:
        with one_at_a_time(get_engine(), RUT):
            return True
    except LoginBusy:
        return False


def test_a_turn_outlives_many_leases_while_its_holder_lives() -> None:
    with one_at_a_time(get_engine(), RUT):
        ends = time.monotonic() + 3
        wait_until(lambda: is_free() or time.monotonic() > ends)
        assert not is_free()
    assert is_free()


def test_a_holder_that_renews_nothing_loses_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sii_logins, "RENEWALS", 0.01)
    monkeypatch.setattr(sii_logins, "PATIENCE", 0.1)
    with one_at_a_time(get_engine(), RUT):
        wait_until(is_free, what="the lapse of the turn")
