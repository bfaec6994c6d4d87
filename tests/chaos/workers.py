"""Ways to break one of a bundle's workers. Each begins, lasts a while, and is lifted."""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from random import Random

from tests.chaos.containers import container, paused, processes, restart, wait
from tests.integration.stack import Stack
from tests.waiting import wait_until

WORKERS = ("fast", "slow")

# Debian's package `faketime`, of this machine: no image of ours carries it.
SLEEP_TRULY = Path(__file__).with_name("sleep_truly.pth")
SITE_PACKAGES = "/opt/venv/lib/python3.13/site-packages"
FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"


def kill_child(stack: Stack, chance: Random) -> Iterator[str]:
    worker = chance.choice(WORKERS)
    _, children = processes(stack, worker)
    with suppress(ProcessLookupError):  # recycled in this moment
        os.kill(chance.choice(children), signal.SIGKILL)
    yield worker


def kill_main_process(stack: Stack, chance: Random) -> Iterator[str]:
    worker = chance.choice(WORKERS)
    os.kill(processes(stack, worker)[0], signal.SIGKILL)
    yield worker


def kill_container(stack: Stack, chance: Random) -> Iterator[str]:
    worker = chance.choice(WORKERS)
    stack.docker("kill", container(stack, worker))
    yield worker
    restart(stack, worker)


def stop_worker(stack: Stack, chance: Random, *, grace: int) -> Iterator[str]:
    worker = chance.choice(WORKERS)
    stack.docker("stop", "--time", str(grace), container(stack, worker))
    yield worker
    restart(stack, worker)


def cut_network(stack: Stack, chance: Random) -> Iterator[str]:
    worker = chance.choice(WORKERS)
    name = container(stack, worker)
    listed = "{{range $name, $_ := .NetworkSettings.Networks}}{{$name}} {{end}}"
    [network] = stack.docker("inspect", "--format", listed, name).split()
    stack.docker("network", "disconnect", network, name)
    try:
        wait(chance.uniform(5, 25))
    finally:
        stack.docker("network", "connect", network, name)
    yield worker


def stop_main_process(stack: Stack, chance: Random) -> Iterator[str]:
    worker = chance.choice(WORKERS)
    main, _ = processes(stack, worker)
    os.kill(main, signal.SIGSTOP)  # its children go on
    try:
        wait(chance.uniform(20, 28))  # longer than it takes others to call it dead
    finally:
        with suppress(ProcessLookupError):
            os.kill(main, signal.SIGCONT)
    yield worker


def pause_worker(stack: Stack, chance: Random) -> Iterator[str]:
    worker = chance.choice(WORKERS)
    with paused(stack, worker):
        wait(chance.uniform(20, 28))
    yield worker


def fill_disk(stack: Stack, chance: Random) -> Iterator[str]:
    worker = chance.choice(WORKERS)

    def filled() -> bool:
        fill = "cat /dev/zero > /tmp/full 2>/dev/null; true"
        try:
            stack.docker("exec", container(stack, worker), "sh", "-c", fill)
        except AssertionError:  # the container may still be dying of the fault before
            return False
        return True

    wait_until(filled, timeout=120, what=f"a full disk of {worker}", every=1)
    try:
        wait(chance.uniform(2, 10))
    finally:
        with suppress(AssertionError):  # the worker may have died of it, and its /tmp with it
            stack.docker("exec", container(stack, worker), "rm", "-f", "/tmp/full")
    yield worker


def memory_runs_out(stack: Stack, chance: Random) -> Iterator[str]:
    """The kernel kills what is largest in the container, as its limit does."""
    worker = chance.choice(WORKERS)
    name = container(stack, worker)
    limit = stack.docker("inspect", "--format", "{{.HostConfig.Memory}}", name).strip()
    low = str(60 * 2**20)
    with suppress(AssertionError):  # refused where the kernel cannot get below at once
        stack.docker("update", "--memory", low, "--memory-swap", low, name)
    wait(3)
    stack.docker("update", "--memory", limit, "--memory-swap", limit, name)
    yield worker
    restart(stack, worker)


def step_clock(stack: Stack, chance: Random) -> Iterator[str]:
    """One more `fast` beside the others, whose clock jumps ahead and back while it works."""
    assert Path(FAKETIME).exists(), "apt-get install faketime"
    faked = stack.docker(
        *("compose", "run", "--detach", "--no-deps", "--volume", f"{FAKETIME}:/faketime.so:ro"),
        *("--env", "LD_PRELOAD=/faketime.so", "--env", "FAKETIME_TIMESTAMP_FILE=/tmp/clock"),
        *("--env", "FAKETIME_DONT_FAKE_MONOTONIC=1", "--env", "FAKETIME_CACHE_DURATION=1"),
        # Below libfaketime with that setting, Python's own `sleep` fails always: EINVAL.
        *("--volume", f"{SLEEP_TRULY}:{SITE_PACKAGES}/sleep_truly.pth:ro"),
        "fast",
    ).strip()
    minutes = chance.randint(2, 50)
    try:
        for step in (minutes, -minutes):
            write = f"echo {step * 60:+d} > /tmp/clock"
            stack.docker("exec", "--env", "LD_PRELOAD=", faked, "sh", "-c", write)
            wait(chance.uniform(6, 12))
    finally:
        stack.docker("stop", "--time", "60", faked)
        stack.docker("rm", "--force", faked)
    yield f"fast, {minutes} minutes ahead, then as many behind"


def recreate(stack: Stack, chance: Random) -> Iterator[str]:
    """As a new version is rolled out: each worker gets a new container, under a new host name."""
    up = ("compose", "up", "--detach", "--wait", "--no-deps", "--force-recreate")
    for worker in chance.sample(WORKERS, 2):
        stack.docker(*up, worker)
    yield "each of the two"


def change_topology(stack: Stack, chance: Random) -> Iterator[str]:
    """To one worker and back, while runs flow."""
    stack.start("all")
    stack.stop(*WORKERS)
    wait(chance.uniform(3, 8))
    stack.start(*WORKERS)
    stack.stop("all")
    yield "two, one, two"
