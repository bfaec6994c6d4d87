"""What the tasks of the isolation benchmark do, on either side."""

import time


def wait(sent_at: float) -> float:
    """Returns how many seconds passed between its publishing and its start."""
    return time.time() - sent_at


def hold(seconds: float, burn: bool = False) -> None:
    """Holds its slot: waits, as for a portal, or keeps a core busy."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if not burn:
            time.sleep(seconds / 20)
