"""`python -m app.metrics HOST:PORT`, an IPv6 address in brackets."""

import os
import signal
import sys
from functools import partial

from app.errors import ConfigurationError
from app.infrastructure.health import impatient_redis
from app.logs import configure_logging
from app.metrics.endpoint import Endpoint
from app.metrics.postgres_figures import PostgresFigures
from app.metrics.redis_figures import redis_figures
from app.metrics.registry import build_registry
from app.metrics.server import MetricsServer
from app.metrics.stores import Store
from app.metrics.worker_load import read_loads
from app.settings import get_settings

REDIS_PATIENCE = 1.0  # s


def main(address: str) -> int:
    """Serves until SIGTERM. Exit 64 with one sentence where a setting is missing."""
    configure_logging()
    try:
        accounts = get_settings().require("metrics_basic_auth").split(",")
        redis_url = get_settings().require("redis_url")
        get_settings().require("database_url")
    except ConfigurationError as error:
        sys.stderr.write(f"{error.message}\n")
        return os.EX_USAGE
    client = impatient_redis(redis_url, REDIS_PATIENCE)
    registry = build_registry(
        {
            "redis": Store("Redis", partial(redis_figures, client)),
            "postgres": Store("Postgres", PostgresFigures().read),
        }
    )
    loads = Store("Redis", partial(read_loads, client))
    host, _, port = address.rpartition(":")
    server = MetricsServer(host.strip("[]"), int(port), Endpoint(accounts, registry, loads))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
