"""What the page shows, read from both stores at once; one that is away hides nothing else."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

import redis
from sqlalchemy.orm import Session

from app.api.desk import Desk
from app.errors import QueueUnavailable
from app.infrastructure.celery.layout import Layout, read_layout
from app.infrastructure.celery.topology import QUEUES
from app.infrastructure.health import impatient_redis
from app.services import operations
from app.services.figures import Unfinished, read_unfinished
from app.services.operations import RunLine, Wait
from app.services.pauses import list_pauses
from app.services.schedule_entries import ScheduledEntry, read_schedule
from app.settings import get_settings

SHOWN = 12  # runs of a list
QUEUE_NAMES = tuple(QUEUES)
FRESH = 1.0  # s: however many people look, the stores are asked once in that time
WAITS_FRESH = 10.0  # s: a chart of minutes; of all questions the only one that reads a whole hour
FAST = 1.0  # s of waiting that nobody minds
PATIENCE = 1.0  # s for an answer of Redis
OBJECTIVES: Mapping[str, float] = {name: queue.wait_objective for name, queue in QUEUES.items()}


@dataclass(frozen=True)
class Ledger:
    """What Postgres says."""

    unfinished: Sequence[Unfinished]
    running: Sequence[RunLine]
    waiting: Sequence[RunLine]
    failures: Sequence[RunLine]
    entries: Sequence[ScheduledEntry]
    paused: frozenset[str]


@dataclass(frozen=True)
class Board:
    """Everything on the page at one moment. `layout` is None while Redis does not answer."""

    at: datetime
    ledger: Ledger
    waits: Sequence[Wait]
    layout: Layout | None

    @property
    def running_count(self) -> int:
        """How many runs workers have."""
        return self._count(self.ledger.running, "running")

    @property
    def waiting_count(self) -> int:
        """How many runs wait for a worker or for their next try."""
        return self._count(self.ledger.waiting, "queued", "retrying")

    def _count(self, shown: Sequence[RunLine], *states: str) -> int:
        if len(shown) < SHOWN:
            return len(shown)  # all of them
        return sum(one.runs for one in self.ledger.unfinished if one.state in states)

    def oldest(self, queue: str) -> float:
        """Returns for how many seconds the oldest run of a queue waits, 0 where none does."""
        mine = (one for one in self.ledger.unfinished if one.queue == queue)
        return max((one.oldest for one in mine if one.state == "queued"), default=0.0)

    @cached_property
    def hour(self) -> Mapping[str, Wait]:
        """The waits of the last hour by queue."""
        return {wait.queue: wait for wait in self.waits if wait.minute is None}

    def verdict(self, queue: str) -> str:
        """Returns one word on a queue: paused, nobody, slow, quiet, fast, on_time."""
        if queue in self.ledger.paused:
            return "paused"
        wait, objective = self.hour.get(queue), OBJECTIVES[queue]
        if self.layout and not any(queue in worker.queues for worker in self.layout.workers):
            return "nobody"
        if max(self.oldest(queue), wait.p95 if wait else 0.0) > objective:
            return "slow"
        if wait is None:
            return "quiet"
        return "fast" if wait.p95 <= FAST else "on_time"


class Boards:
    """Reads the board for all who look at it. Who asks while it is being read shares the answer."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._client: redis.Redis | None = None
        self._waits: tuple[float, Sequence[Wait]] | None = None
        self._flight: asyncio.Task[Board] | None = None
        self._asked_at = 0.0

    async def read(self) -> Board:
        """Returns the board, read at most FRESH seconds ago. Raises DatabaseUnavailable."""
        now = time.monotonic()
        if self._flight is None or (self._flight.done() and now - self._asked_at > FRESH):
            self._asked_at = now
            self._flight = asyncio.create_task(self._ask())
        return await asyncio.shield(self._flight)

    async def _ask(self) -> Board:
        now = datetime.now(UTC)
        waits, ledger, layout = await asyncio.gather(
            self._ask_waits(now - operations.HOUR),
            self._desk.transact(_read_ledger),
            self._ask_redis(),
        )
        return Board(now, ledger, waits, layout)

    async def _ask_waits(self, since: datetime) -> Sequence[Wait]:
        """On a connection of its own: Postgres needs longer for it than for all the rest."""
        now = time.monotonic()
        if self._waits is None or now - self._waits[0] > WAITS_FRESH:
            found = await self._desk.transact(lambda one: operations.read_waits(one, since))
            self._waits = (now, found)
        return self._waits[1]

    async def _ask_redis(self) -> Layout | None:
        if self._client is None:
            self._client = impatient_redis(get_settings().require("redis_url"), PATIENCE)
        client = self._client
        with suppress(QueueUnavailable):
            return await self._desk.look(lambda: read_layout(client))
        return None


def _read_ledger(session: Session) -> Ledger:
    return Ledger(
        unfinished=read_unfinished(session),
        running=operations.read_running(session, SHOWN),
        waiting=operations.read_waiting(session, SHOWN),
        failures=operations.read_failures(session, SHOWN),
        entries=read_schedule(session),
        paused=frozenset(pause.queue for pause in list_pauses(session)),
    )
