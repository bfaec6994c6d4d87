"""A process is killed while a session is open in its Chromium: nobody has to wait for it."""

import os
from multiprocessing import get_context
from uuid import UUID, uuid4

import pytest
import redis
from cryptography.fernet import Fernet

from app.infrastructure.cipher import Cipher
from app.infrastructure.db.models import Run
from app.infrastructure.db.session import get_session_factory
from app.infrastructure.sii.portal import SiiPortal
from app.infrastructure.sii.seats import Seats
from app.infrastructure.sii.shared_politeness import SharedPoliteness
from app.infrastructure.sii.stored_sessions import StoredSessions
from app.infrastructure.sii.turns import Turns
from tests.browser.test_against_simulator import seed
from tests.browser.test_f29 import LIST
from tests.browser.test_f29 import sync as sync_list
from tests.scenarios.http_login import settings_of
from tests.simulator import Simulator
from tests.unit.sii.books import Books
from tests.unit.test_killed_sync import LOCKS
from tests.waiting import wait_until

KEY, KILLS = "KILLED_SESSION_KEY", 3  # one less than there are seats


def books_and_portal(address: str) -> tuple[Books, SiiPortal]:
    """Returns what a worker has, whichever process asks."""
    books = Books(get_session_factory(), Cipher([os.environ[KEY]]))
    client = redis.Redis.from_url(os.environ["REDIS_URL"])
    turns = Turns(client, "test", per_second=0, longest_standstill=60)
    memory = StoredSessions(books.sessions, books.cipher, 600)
    politeness = SharedPoliteness(turns, Seats(client, KILLS + 1))
    return books, SiiPortal(settings_of(address), politeness, memory)


def read_list(address: str, company: UUID, told: dict[str, str]) -> None:
    """Runs in a process of its own; `told` is what its environment lacks."""
    os.environ.update(told)  # tests.conftest has cleaned it
    books, portal = books_and_portal(address)
    sync_list(books, portal, company)


def test_the_next_sync_of_another_company_logs_in_at_once_and_its_own_goes_on(
    database_url: str, redis_url: str, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY, Fernet.generate_key().decode())
    told = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, KEY: os.environ[KEY]}
    books, portal = books_and_portal(simulator.url)
    poison, rut = seed(books, simulator, "E")
    other, _ = seed(books, simulator, "F2")
    with books.sessions.begin() as session:  # for which the others leave the session open
        session.add(Run(id=uuid4(), task="sii.sync_documents", company_id=poison))
    simulator.fail(LIST, "hold", rut=rut)
    for _ in range(KILLS):  # the first one logs in, those after it are given its cookies
        child = get_context("spawn").Process(target=read_list, args=(simulator.url, poison, told))
        child.start()
        wait_until(lambda: simulator.state()["held"] == 1, 90, "the portal holds the list")
        child.kill()
        child.join(30)
        wait_until(lambda: simulator.state()["held"] == 0, what="the end of its Chromium")
        with books.sessions() as session:
            wait_until(lambda session=session: not session.scalar(LOCKS), what="Postgres notices")

    sync_list(books, portal, other)
    simulator.heal()
    sync_list(books, portal, poison)
    state = simulator.state()
    logins = simulator.company("F2")["login_rut"], rut
    assert state["login_attempts"] == {key: ["ok"] for key in logins}
    assert (state["open_sessions"], state["violations"]) == ({rut: 1}, [])
