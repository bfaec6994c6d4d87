"""Do Postgres and Redis answer? Each question on a connection of its own, with short deadlines.

A pooled connection could not tell: it may be the one that is broken, or waited for.
"""

import psycopg
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from app.errors import DatabaseUnavailable, QueueUnavailable
from app.infrastructure.certificates import certificate_fault
from app.infrastructure.db.schema import libpq_url

PATIENCE = 1.0  # s that a healthy store never needs; callers keep a deadline of their own besides


def check_postgres(url: str) -> None:
    """Asks Postgres for a 1. Raises DatabaseUnavailable; may take longer than its patience where
    the resolver hangs."""
    try:
        with psycopg.connect(
            libpq_url(url),
            autocommit=True,
            connect_timeout=2,  # libpq knows no shorter one
            # Ends a connection whose other side vanished, which the kernel keeps for two hours.
            keepalives_idle=2,
            keepalives_interval=1,
            keepalives_count=2,
        ) as connection:
            connection.execute("SELECT 1")
    except psycopg.Error as error:
        raise DatabaseUnavailable(certificate_fault(error)) from error


def check_redis(url: str) -> None:
    """Pings Redis. Raises QueueUnavailable; may take longer than its patience where the resolver
    hangs."""
    try:
        with impatient_redis(url, PATIENCE) as client:
            client.ping()
    except (redis.RedisError, OSError) as error:
        raise QueueUnavailable(certificate_fault(error)) from error


def impatient_redis(url: str, patience: float) -> redis.Redis:
    """Returns a client that gives up after `patience` seconds and does not try again."""
    return redis.Redis.from_url(
        url,
        socket_timeout=patience,
        socket_connect_timeout=patience,
        retry=Retry(NoBackoff(), 0),  # the default tries for seconds
    )
