"""Ways to break beat. Each begins, lasts a while, and is lifted."""

from collections.abc import Iterator
from random import Random

from tests.chaos.containers import container, restart, wait
from tests.integration.stack import Stack


def kill_beat(stack: Stack, chance: Random) -> Iterator[str]:
    stack.docker("kill", container(stack, "beat"))
    restart(stack, "beat")
    yield ""


def second_beat(stack: Stack, chance: Random) -> Iterator[str]:
    other = stack.docker("compose", "run", "--detach", "--no-deps", "beat").strip()
    try:
        wait(chance.uniform(5, 10))
    finally:
        stack.docker("rm", "--force", other)
    yield ""
