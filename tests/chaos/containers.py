"""The containers and processes of a running bundle, as somebody outside breaks them."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.integration.stack import Stack
from tests.waiting import wait_until


def container(stack: Stack, service: str) -> str:
    """Returns the id of a service's container, running or not.

    By its labels: `compose ps --all` also lists the one-off beside it whose clock is stepped.
    """
    named = {"project": stack.project, "service": service, "oneoff": "False"}
    labels = [f"--filter=label=com.docker.compose.{name}={is_}" for name, is_ in named.items()]
    return stack.docker("ps", "--all", "--quiet", "--no-trunc", *labels).split()[0]


def processes(stack: Stack, service: str) -> tuple[int, list[int]]:
    """Returns this machine's ids of a worker's main process and of its pool's children.

    Waits for them: the fault before may have left a worker that is only just starting.
    """
    return wait_until(lambda: _processes(stack, service), 60, f"{service} has a pool", every=0.5)


def _processes(stack: Stack, service: str) -> tuple[int, list[int]] | None:
    try:
        listed = stack.docker("top", container(stack, service), "-o", "pid,ppid,args")
    except AssertionError:
        return None  # the container does not run
    rows = [(int(row.split()[0]), int(row.split()[1]), row) for row in listed.splitlines()[1:]]
    celery = {pid: parent for pid, parent, row in rows if "celery" in row and "tini" not in row}
    for main, parent in celery.items():
        children = [pid for pid, parent in celery.items() if parent == main]
        if parent not in celery and children:
            return main, children
    return None


def restart(stack: Stack, service: str) -> None:
    """Starts a container that was killed, whatever its restart policy made of that."""
    stack.docker("start", container(stack, service))


def wait(seconds: float) -> None:
    """The length of a fault is part of it: there is no condition to wait for."""
    time.sleep(seconds)


@contextmanager
def paused(stack: Stack, service: str) -> Iterator[None]:
    """Stops every process of a container: its sockets stay open and say nothing.

    By signals, since the engine's own pause hangs for ever where a health check just starts.
    """
    listed = stack.docker("top", container(stack, service), "-o", "pid").split()[1:]
    stopped = [int(pid) for pid in listed]
    _signal_all(stopped, signal.SIGSTOP)
    try:
        yield
    finally:
        _signal_all(stopped, signal.SIGCONT)


def _signal_all(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
