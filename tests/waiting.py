"""Wait for a condition, never for a time."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_until(
    condition: Callable[[], T],
    timeout: float = 30,
    what: str = "the condition",
    every: float = 0.05,
) -> T:
    """Returns the first true value of `condition`; fails after `timeout` seconds.

    `every` is the pause in seconds between two questions: longer where a question starts processes.
    """
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"{what} did not come true within {timeout} s"
        time.sleep(every)
