"""Runs blocking work for the event loop: bounded, with deadlines, and never waiting for ever.

Postgres and Redis may hang as well as fail (a paused host accepts and never answers), and so may
the resolver. A thread that hangs cannot be ended from outside, so its slot stays taken until it
returns; who finds no free slot in time gets the same typed error as who waited for an answer.
"""

import asyncio
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
from typing import TypeVar

from app.errors import DatabaseUnavailable, TransientError

T = TypeVar("T")


class Deadline:
    """A moment after which the caller is no longer waiting. Knows whom it waits for."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds
        self.waiting_for: type[TransientError] = DatabaseUnavailable

    def remaining(self) -> float:
        """Returns the seconds left, never less than 0."""
        return max(0.0, self._end - time.monotonic())

    def check(self, needed: float = 0.0) -> None:
        """Raises the error of whom we wait for, unless more than `needed` seconds are left."""
        if self.remaining() <= needed:
            raise self.waiting_for


def start_thread(work: Callable[[], T]) -> "asyncio.Future[T]":
    """Starts `work` in a daemon thread, which a process that stops need not wait for."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def report(result: T | None, error: BaseException | None) -> None:
        if future.cancelled():
            return
        if error is None:
            future.set_result(result)  # type: ignore[arg-type] # the work's own, None included
        else:
            future.set_exception(error)
            future.exception()  # nobody may be waiting any more; that is no fault to report

    def run() -> None:
        result, error = None, None
        try:
            result = work()
        except BaseException as raised:  # noqa: BLE001 (handed to whoever waits)
            error = raised
        with suppress(RuntimeError):  # the loop is closed: the process stops
            loop.call_soon_threadsafe(report, result, error)

    threading.Thread(target=copy_context().run, args=(run,), daemon=True).start()
    return future


class ThreadSlots:
    """At most `size` pieces of work at a time, abandoned ones included."""

    def __init__(self, size: int) -> None:
        self._free = asyncio.Semaphore(size)

    async def run(self, work: Callable[[], T], deadline: Deadline) -> T:
        """Returns the work's result. Raises its error, or the deadline's when that has passed."""
        try:
            async with asyncio.timeout(deadline.remaining()):
                await self._free.acquire()
                future = start_thread(work)
                future.add_done_callback(lambda _: self._free.release())
                return await asyncio.shield(future)
        except TimeoutError:
            raise deadline.waiting_for from None
