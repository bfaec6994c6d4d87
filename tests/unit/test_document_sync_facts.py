"""What a sync learns of the company itself at its login."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pytest

from app.errors import FiscalError, SessionExpired, UnexpectedAnswer
from app.services.attempts import Attempt
from tests.unit.sii.books import Books
from tests.unit.sii.registers import Registers

MINE = {"contribuyente": {"rut": "76000001", "dv": "9"}}


class Learnt:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.facts: list[Mapping[str, Any]] = []

    def __call__(self, attempt: Attempt, company_id: UUID, facts: Mapping[str, Any]) -> None:
        self.facts.append(facts)


def test_the_facts_are_read_once_per_login_before_any_register(
    books: Books, portal: Registers
) -> None:
    learnt, portal.taxpayer = Learnt(), MINE
    known_at_the_first_register: list[int] = []
    portal.on_read = lambda _: known_at_the_first_register.append(len(learnt.facts))
    books.sync(portal, books.company(), months=2, learn=learnt)
    assert learnt.facts == [MINE]
    assert portal.taxpayer_reads == 1
    assert set(known_at_the_first_register) == {1}


def test_the_facts_of_a_representative_are_not_the_companys(
    books: Books, portal: Registers
) -> None:
    learnt, portal.taxpayer = Learnt(), {"contribuyente": {"rut": "70000001", "dv": "K"}}
    books.sync(portal, books.company(login_rut="70000001-K"), learn=learnt)
    assert learnt.facts == []


@pytest.mark.parametrize("error", [UnexpectedAnswer(), SessionExpired()])
def test_no_register_goes_unread_for_want_of_facts(
    books: Books, portal: Registers, error: FiscalError, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> dict[str, Any]:
        raise error

    monkeypatch.setattr(portal, "read_taxpayer", fail)
    learnt = Learnt()
    assert books.sync(portal, books.company(), learn=learnt)["compras"]["total"] == 2
    assert learnt.facts == []
