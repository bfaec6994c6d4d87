"""`fiscal status --json`: the same as the tables, for programs."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import click
import redis
from kombu.exceptions import OperationalError as BrokerError
from sqlalchemy.exc import OperationalError

from app.cli.status import ask_workers, open_redis, topologies_of
from app.infrastructure.celery.queues import RedisQueues
from app.infrastructure.celery.topology import QUEUES
from app.infrastructure.db.session import session_scope
from app.services import status
from app.services.pauses import list_pauses


def print_status(runs: int) -> bool:
    """Prints everything that answers, null for the rest; returns whether all of it did."""
    parts: dict[str, Callable[[], list[dict[str, Any]]]] = {
        "queues": _queues,
        "pauses": _pauses,
        "workers": _workers,
        "runs": lambda: _runs(runs),
    }
    answers = {name: _ask(part) for name, part in parts.items()}
    click.echo(json.dumps(answers))
    return None not in answers.values()


def _ask(part: Callable[[], list[dict[str, Any]]]) -> list[dict[str, Any]] | None:
    try:
        return part()
    except (redis.RedisError, BrokerError, OSError, OperationalError):
        return None


def _queues() -> list[dict[str, Any]]:
    with open_redis() as client:
        found = status.read_queues(RedisQueues(client), list(QUEUES))
    return [{"name": q.name, "waiting": q.waiting, "in_flight": q.in_flight} for q in found]


def _pauses() -> list[dict[str, Any]]:
    with session_scope() as session:
        return [
            {
                "queue": each.queue,
                "since": each.paused_at.isoformat(),
                "by": each.paused_by,
                "reason": each.reason,
            }
            for each in list_pauses(session)
        ]


def _workers() -> list[dict[str, Any]]:
    with open_redis() as client:
        client.ping()
    return [
        {"node": w.node, "queues": list(w.queues), "topologies": topologies_of(w.name)}
        for w in status.read_workers(ask_workers)
    ]


def _runs(limit: int) -> list[dict[str, Any]]:
    with session_scope() as session:
        found = status.read_runs(session, datetime.now(UTC), limit)
    return [
        {
            "id": str(run.id),
            "task": run.task,
            "company": run.company,
            "state": run.state,
            "worker": run.worker,
            "waited_seconds": run.waited.total_seconds() if run.waited is not None else None,
            "took_seconds": run.took.total_seconds() if run.took is not None else None,
            "error_code": run.error_code,
        }
        for run in found
    ]
