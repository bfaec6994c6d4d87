"""Ways to break Redis and Postgres. Each begins, lasts a while, and is lifted."""

from collections.abc import Iterator
from random import Random

from tests.chaos.containers import container, paused, restart, wait
from tests.integration.stack import Stack


def kill_stores(stack: Stack, chance: Random, *, stores: tuple[str, ...]) -> Iterator[str]:
    for store in stores:
        stack.docker("kill", container(stack, store))
    wait(chance.uniform(0, 4))
    for store in reversed(stores):
        restart(stack, store)
    yield " and ".join(stores)


def pause_redis(stack: Stack, chance: Random, *, least: int, most: int) -> Iterator[str]:
    with paused(stack, "redis"):
        wait(chance.uniform(least, most))
    yield ""


def lose_redis(stack: Stack, chance: Random) -> Iterator[str]:
    redis_cli(stack, "FLUSHALL")  # its file forgets with it
    if chance.random() < 0.5:
        yield from kill_stores(stack, chance, stores=("redis",))
    else:
        yield "its clients never noticed"


def cut_clients(stack: Stack, chance: Random) -> Iterator[str]:
    redis_cli(stack, "CLIENT", "KILL", "TYPE", "normal")
    redis_cli(stack, "CLIENT", "KILL", "TYPE", "pubsub")
    yield ""


def fill_redis(stack: Stack, chance: Random) -> Iterator[str]:
    limit = redis_cli(stack, "CONFIG", "GET", "maxmemory").split()[-1]
    redis_cli(stack, "CONFIG", "SET", "maxmemory", "1mb")
    try:
        wait(chance.uniform(2, 8))
    finally:
        redis_cli(stack, "CONFIG", "SET", "maxmemory", limit)
    yield ""


def pause_postgres(stack: Stack, chance: Random) -> Iterator[str]:
    with paused(stack, "postgres"):
        wait(chance.uniform(3, 12))
    yield ""


def redis_cli(stack: Stack, *arguments: str) -> str:
    """Runs redis-cli with the bundle's password."""
    command = 'REDISCLI_AUTH="$(cat /run/fiscal/secrets/redis/redis_password)" redis-cli "$@"'
    return stack.execute("redis", "sh", "-c", command, "sh", *arguments)
