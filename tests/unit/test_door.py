"""Whoever tries many passwords at once waits for himself, and for nobody else."""

import asyncio

from app.errors import TooManyTries
from app.infrastructure.passwords import hash_password
from app.web.door import Door


def test_one_proof_at_a_time_per_address() -> None:
    stored = hash_password("right")

    async def try_at_once() -> list[bool | BaseException]:
        door = Door()
        flood = [door.is_password("203.0.113.9", "wrong", stored) for _ in range(500)]
        ana = door.is_password("198.51.100.7", "right", stored)
        answers = await asyncio.gather(*flood, ana, return_exceptions=True)
        assert await door.is_password("203.0.113.9", "right", stored)  # nothing is left behind
        return answers

    *flood, ana = asyncio.run(try_at_once())
    assert ana is True
    assert flood[0] is False
    assert all(isinstance(answer, TooManyTries) for answer in flood[1:])
