"""Which queues a worker leaves alone because an operator has paused them.

Postgres is asked in a thread, on a connection of its own, for the consumer's loop must never wait
for it; the loop reads what the thread has last heard. While Postgres is away that stays as it was.
Before the first answer the worker takes nothing: without Postgres no run can begin anyway.
"""

import logging
import threading
import time
from collections.abc import Collection
from typing import Any

from celery import bootsteps

from app.infrastructure.celery.topology import QUEUES

INTERVAL = 2.0  # s between two questions
FIRST = 2.0  # s that a start waits for the first answer, lest it look at its queues a second later

logger = logging.getLogger(__name__)

_paused: Collection[str] = frozenset()  # replaced whole, so that the loop needs no lock


def paused_queues() -> Collection[str]:
    """Returns the queues that this process may not take from now; none where it is no worker."""
    return _paused


class PauseWatcher(bootsteps.StartStopStep):
    """Starts the thread, once per worker."""

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, parent: Any, **_: Any) -> None:
        _hold_back(frozenset(QUEUES))
        answered = threading.Event()
        threading.Thread(target=_watch, args=(answered,), daemon=True).start()
        answered.wait(FIRST)
        super().__init__(parent)


def _watch(answered: threading.Event) -> None:
    import psycopg  # here: who only publishes, and Flower, need no Postgres

    from app.infrastructure.db.schema import libpq_url
    from app.infrastructure.db.session import CONNECTION
    from app.settings import get_settings

    url = libpq_url(get_settings().require("database_url"))
    is_away = False
    while True:
        try:
            with psycopg.connect(url, autocommit=True, **CONNECTION) as connection:
                while True:
                    rows = connection.execute("SELECT queue FROM paused_queues").fetchall()
                    _hear({queue for (queue,) in rows}, answered)
                    is_away = False
                    time.sleep(INTERVAL)
        except psycopg.Error as error:
            if not is_away:
                reason = str(error).partition("\n")[0]
                logger.warning("Postgres does not say which queues are paused: %s", reason)
            is_away = True
            time.sleep(INTERVAL)


def _hear(paused: Collection[str], answered: threading.Event) -> None:
    changed = paused != (_paused if answered.is_set() else set())
    _hold_back(frozenset(paused))
    answered.set()
    if changed:
        logger.info("paused queues: %s", ", ".join(sorted(paused)) or "none")


def _hold_back(queues: Collection[str]) -> None:
    global _paused  # one per process, as its consumer is
    _paused = queues
