"""How often a sync logs in, and what it keeps of what the portal says about a clave."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app import errors
from app.infrastructure.db.models import SiiSession
from tests.unit.sii.books import CLAVE, Books
from tests.unit.sii.registers import Registers, fails


def test_a_login_that_works_is_noted(books: Books, portal: Registers) -> None:
    company = books.company()
    books.sync(portal, company)
    assert portal.logins == [("76000001-9", CLAVE)]
    credential = books.credential(company)
    assert credential.status == "ok"
    assert credential.last_ok_at is not None


def test_a_wrong_clave_is_tried_exactly_once_ever(books: Books, portal: Registers) -> None:
    company = books.company()
    portal.refusal = errors.InvalidCredentials()
    for _ in range(3):
        with pytest.raises(errors.InvalidCredentials):
            books.sync(portal, company)
    assert len(portal.logins) == 1
    assert books.credential(company).status == "invalid"
    assert books.documents() == []


def test_a_wrong_clave_is_wrong_for_each_company_that_uses_it(
    books: Books, portal: Registers
) -> None:
    person = "70123456-1"
    first = books.company("76000001-9", login_rut=person)
    second = books.company("77100200-5", login_rut=person)
    other_clave = books.company("78300400-3", login_rut=person, clave="0tra")
    portal.refusal = errors.InvalidCredentials()
    for company in (first, second):
        with pytest.raises(errors.InvalidCredentials):
            books.sync(portal, company)
    assert len(portal.logins) == 1
    assert books.credential(other_clave).status == "unproven"


def test_a_clave_that_the_user_changes_during_the_login_is_not_called_wrong(
    books: Books, portal: Registers
) -> None:
    company = books.company()

    class Refusing(Registers):
        def open_session(self, login_rut: str, clave: str) -> Any:
            with books.sessions.begin() as session:
                session.merge(books.credential(company)).secret = books.cipher.encrypt("nueva")
            raise errors.InvalidCredentials()

    with pytest.raises(errors.InvalidCredentials):
        books.sync(Refusing(), company)
    assert books.credential(company).status == "unproven"


def test_a_blocked_clave_is_left_alone_for_an_hour_and_then_tried_once(
    books: Books, portal: Registers
) -> None:
    company = books.company()
    portal.refusal = errors.CredentialsBlocked()
    for _ in range(2):
        with pytest.raises(errors.CredentialsBlocked):
            books.sync(portal, company)
    assert len(portal.logins) == 1
    blocked_until = books.credential(company).blocked_until
    assert blocked_until is not None
    left = blocked_until - datetime.now(UTC)
    assert timedelta(minutes=59) < left <= timedelta(hours=1)

    with books.sessions.begin() as session:
        session.merge(books.credential(company)).blocked_until = datetime.now(UTC)
    portal.refusal = None
    books.sync(portal, company)
    assert books.credential(company).status == "ok"
    assert books.credential(company).blocked_until is None


def test_too_many_sessions_say_nothing_about_the_clave(books: Books, portal: Registers) -> None:
    company = books.company()
    portal.refusal = errors.TooManySessions()
    with pytest.raises(errors.TooManySessions):
        books.sync(portal, company)
    assert books.credential(company).status == "unproven"


def test_nobody_asks_again_before_sii_has_room_for_a_session(
    books: Books, portal: Registers
) -> None:
    person = "70123456-1"
    first = books.company("76000001-9", login_rut=person)
    second = books.company("77100200-5", login_rut=person)
    portal.refusal = errors.TooManySessions()
    for company in (first, second, first):
        with pytest.raises(errors.TooManySessions) as refusal:
            books.sync(portal, company)
    assert len(portal.logins) == 1
    assert 3590 < (refusal.value.retry_after or 0) <= 3600
    assert not refusal.value.is_try

    with books.sessions.begin() as session:
        session.get_one(SiiSession, person).try_again_at = datetime.now(UTC)
    portal.refusal = None
    books.sync(portal, second)
    assert len(portal.logins) == 2


def test_two_runs_of_one_login_take_turns(books: Books, portal: Registers) -> None:
    person = "70123456-1"
    first = books.company("76000001-9", login_rut=person)
    second = books.company("77100200-5", login_rut=person)
    reading_now, go_on = threading.Event(), threading.Event()

    def hold(_: object) -> None:
        reading_now.set()
        assert go_on.wait(30)

    portal.on_read = hold
    thread = threading.Thread(target=books.sync, args=(portal, first))
    thread.start()
    try:
        assert reading_now.wait(30)
        with pytest.raises(errors.LoginBusy):
            books.sync(Registers(), second)
    finally:
        go_on.set()
        thread.join(30)
    assert books.sync(Registers(), second)["compras"]["total"] == 2


def test_the_turn_is_free_again_after_a_failure(books: Books, portal: Registers) -> None:
    company = books.company()
    portal.answers["2026-03", "purchase"] = fails(errors.SiiUnavailable())
    for _ in range(2):  # LoginBusy at the second would be a lock left behind
        with pytest.raises(errors.SiiUnavailable):
            books.sync(portal, company)
