"""Whoever tries many passwords at once waits for himself, and for nobody else."""

import asyncio

import pytest

from app.errors import TooManyTries
from app.infrastructure.passwords import hash_password
from app.web import door
from app.web.door import Door

FLOOD = 10_000


def test_one_proof_at_a_time_per_address() -> None:
    stored = hash_password("right")

    async def try_at_once() -> list[bool | BaseException]:
        door = Door()
        flood = [door.is_password("203.0.113.9", "wrong", stored) for _ in range(FLOOD)]
        ana = door.is_password("198.51.100.7", "right", stored)
        answers = await asyncio.gather(*flood, ana, return_exceptions=True)
        assert await door.is_password("203.0.113.9", "right", stored)  # nothing is left behind
        return answers

    *flood, ana = asyncio.run(try_at_once())
    assert ana is True
    assert flood[0] is False
    assert all(isinstance(answer, TooManyTries) for answer in flood[1:])


def test_after_a_flood_from_everywhere_the_next_one_is_heard_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(door, "PATIENCE", 0.2)
    stored = hash_password("right")

    async def try_at_once() -> list[bool | BaseException]:
        one = Door()
        flood = [one.is_password(str(number), "wrong", stored) for number in range(FLOOD)]
        answers = await asyncio.gather(*flood, return_exceptions=True)
        monkeypatch.undo()
        assert await one.is_password("198.51.100.7", "right", stored)
        return answers

    answers = asyncio.run(try_at_once())
    refused = sum(isinstance(answer, TooManyTries) for answer in answers)
    assert refused > FLOOD / 2, "nobody queues for longer than the patience"
    assert refused + answers.count(False) == FLOOD
