"""Do Postgres and Redis answer? Each question on a connection of its own, with short deadlines.

A pooled connection could not tell: it may be the one that is broken, or waited for.
"""

import psycopg
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from app.errors import DatabaseUnavailable, QueueUnavailable

PATIENCE = 1.0  # s that a healthy store never needs; callers keep a deadline of their own besides


def check_postgres(url: str) -> None:
    """Asks Postgres for a 1. Raises DatabaseUnavailable; may take longer than its patience where
    the resolver hangs."""
    try:
        with psycopg.connect(
            url.replace("+psycopg://", "://", 1),
            autocommit=True,
            connect_timeout=2,  # libpq knows no shorter one
            # Ends a connection whose other side vanished, which the kernel keeps for two hours.
            keepalives_idle=2,
            keepalives_interval=1,
            keepalives_count=2,
        ) as connection:
            connection.execute("SELECT 1")
    except psycopg.Error as error:
        raise DatabaseUnavailable from error


def check_redis(url: str) -> None:
    """Pings Redis. Raises QueueUnavailable; may take longer than its patience where the resolver
    hangs."""
    try:
        with redis.Redis.from_url(
            url,
            socket_timeout=PATIENCE,
            socket_connect_timeout=PATIENCE,
            retry=Retry(NoBackoff(), 0),  # the default tries for seconds
        ) as client:
            client.ping()
    except (redis.RedisError, OSError) as error:
        raise QueueUnavailable from error
