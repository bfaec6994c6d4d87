"""Deadlines and slots, without a network."""

import asyncio
import threading
import time

import pytest

from app.api.execution import Deadline, ThreadSlots
from app.api.readiness import Readiness
from app.errors import DatabaseUnavailable, QueueUnavailable


class Hang:
    """Work that hangs until it is released, as a resolver or a paused host does."""

    def __init__(self) -> None:
        self.begun = 0
        self._release = threading.Event()

    def __call__(self) -> None:
        self.begun += 1
        self._release.wait(30)

    def release(self) -> None:
        self._release.set()


def test_a_result_and_an_error_pass_through() -> None:
    def fail() -> None:
        raise ZeroDivisionError

    async def scenario() -> None:
        slots = ThreadSlots(1)
        assert await slots.run(lambda: 7, Deadline(5)) == 7
        with pytest.raises(ZeroDivisionError):
            await slots.run(fail, Deadline(5))
        assert await slots.run(lambda: 8, Deadline(5)) == 8

    asyncio.run(scenario())


def test_who_waits_too_long_is_told_for_whom() -> None:
    hang = Hang()
    deadline = Deadline(0.2)
    deadline.waiting_for = QueueUnavailable

    async def scenario() -> None:
        with pytest.raises(QueueUnavailable):
            await ThreadSlots(1).run(hang, deadline)

    begun = time.monotonic()
    asyncio.run(scenario())
    assert time.monotonic() - begun < 1
    hang.release()


def test_work_that_hangs_takes_no_more_than_its_slots() -> None:
    hang = Hang()

    async def scenario() -> None:
        slots = ThreadSlots(2)
        attempts = [slots.run(hang, Deadline(0.2)) for _ in range(20)]
        results = await asyncio.gather(*attempts, return_exceptions=True)
        assert all(isinstance(result, DatabaseUnavailable) for result in results)
        assert hang.begun == 2
        hang.release()
        await slots.run(lambda: None, Deadline(5))  # the slots come back

    asyncio.run(scenario())


def test_a_probe_that_hangs_holds_one_thread_and_fails_the_next_at_once() -> None:
    hang = Hang()

    async def scenario() -> None:
        readiness = Readiness({"postgres": lambda: None, "redis": hang})
        first = await asyncio.gather(*(readiness.answering(0.2) for _ in range(20)))
        assert first == 20 * [{"postgres": True, "redis": False}]
        begun = time.monotonic()
        assert (await readiness.answering(0.2))["redis"] is False
        assert time.monotonic() - begun < 0.1
        assert hang.begun == 1
        hang.release()
        async with asyncio.timeout(5):
            while not (await readiness.answering(0.2))["redis"]:  # the thread is about to end
                pass
        assert hang.begun == 2

    asyncio.run(scenario())


def test_a_deadline_keeps_what_a_commit_needs() -> None:
    deadline = Deadline(10)
    deadline.check(needed=5)
    with pytest.raises(DatabaseUnavailable):
        deadline.check(needed=11)
    assert Deadline(-1).remaining() == 0
