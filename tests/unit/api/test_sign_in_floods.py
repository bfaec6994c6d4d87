"""Ten thousand failed sign-ins: what they cost, and whom they shut out."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from app.infrastructure.db.models import SignInTry
from app.services.sign_ins import MOST_TRIES, count_try
from app.web import door
from tests.unit.api.test_operations_page import passwords, sign_in  # noqa: F401

FAILURES = 10_000
NAMES = ["ana", *(f"nobody-{number}" for number in range(39))]
ADDRESSES = [f"203.0.113.{number}" for number in range(50)]
PAIRS = 200  # different ones, where both lists go round
HOME = "198.51.100.7"


@contextmanager
def browser_at(url: str, address: str) -> Iterator[httpx.Client]:
    """Yields a browser elsewhere: uvicorn takes its address from a proxy on this machine."""
    headers = {"X-Forwarded-For": address, "Accept-Language": "en"}
    with httpx.Client(base_url=url, headers=headers, timeout=10) as client:
        yield client


@pytest.fixture
def proofs(monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """The hashes that passwords were compared with: each costs 40 ms of a core."""
    proofs: list[str | None] = []
    is_password = door.is_password

    def counted(given: str, stored: str | None) -> bool:
        proofs.append(stored)
        return is_password(given, stored)

    monkeypatch.setattr(door, "is_password", counted)
    return proofs


def test_ten_thousand_failures_shut_out_nobody_else(
    url: str,
    passwords: dict[str, str],  # noqa: F811
    session: Session,
    proofs: list[str | None],
) -> None:
    tries = [
        count_try(session, NAMES[number % len(NAMES)], ADDRESSES[number % len(ADDRESSES)])
        for number in range(FAILURES)
    ]
    session.commit()
    heard = [one for one in tries if one.wait == 0]
    assert len(heard) == PAIRS * MOST_TRIES, "the others reach no password"
    assert rows(session) == PAIRS

    with browser_at(url, ADDRESSES[0]) as attacker:
        refusal = sign_in(attacker, "ana", passwords["ana"])
        assert (refusal.status_code, proofs) == (429, [])
        assert sign_in(attacker, "vera", passwords["vera"]).status_code == 303
    for name in passwords:
        with browser_at(url, HOME) as browser:
            assert sign_in(browser, name, passwords[name]).status_code == 303
    assert len(proofs) == 3

    session.execute(update(SignInTry).values(begun_at=text("now() - interval '16 min'")))
    session.commit()
    with browser_at(url, ADDRESSES[0]) as forgiven:
        assert sign_in(forgiven, "ana", "wrong").status_code == 401
    assert rows(session) == 1, "what is over goes with the next try"


def rows(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(SignInTry)) or 0
