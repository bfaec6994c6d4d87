"""What a worker's log lines say of the run that they are about."""

import logging
import re
from typing import Any

from celery.worker import state

_NAMED = re.compile(r"([\w.]+)\[([0-9a-f-]{36})\]")  # how Celery's own lines name a run

logger = logging.getLogger(__name__)
node: dict[str, Any] = {}  # `worker`, once this process is a worker's
_work: list[tuple[str, Any]] = []  # what this process of a pool is at: one task's name and request


def run_context(record: logging.LogRecord) -> dict[str, Any]:
    """Returns task, run, root, queue, worker, company and attempt, as far as they are known.

    A process of the pool works on one run, with all its threads. The main process speaks of all
    that it holds, by Celery's own words; which attempt a run is at, it does not know.
    """
    celerys = record.__dict__.pop("data", None)  # with arguments, which are nobody's business
    if _work:
        ((name, request),) = _work
        return described(request) | {"task": name, "attempt": getattr(request, "attempt", None)}
    task, run = _named(record, celerys)
    held = state.requests.get(run)
    return (described(held) if held else node) | {"task": task, "run": run}


def _named(record: logging.LogRecord, celerys: Any) -> tuple[str | None, str | None]:
    """Returns the task and the run that a line of the main process speaks of."""
    if isinstance(celerys, dict):
        return celerys.get("name"), celerys.get("id")
    if not record.name.startswith("celery."):
        return None, None
    found = _NAMED.search(record.getMessage())
    return (found[1], found[2]) if found else (None, None)


def begin_run(task: Any, **_: Any) -> None:
    """Remembers what this process is at."""
    _work[:] = [(task.name, task.request)]


def end_run(**_: Any) -> None:
    """Forgets it."""
    _work.clear()


def described(request: Any) -> dict[str, Any]:
    """Returns what a request of Celery's knows, in the main process as in the pool's."""
    kwargs = request.kwargs if isinstance(request.kwargs, dict) else {}
    return node | {
        "run": request.id,
        "root": request.root_id,
        "queue": (request.delivery_info or {}).get("routing_key"),
        "company": kwargs.get("company_id"),
    }


def log_received(request: Any, **_: Any) -> None:
    """Says that a message is here, in place of Celery's line, which knows less."""
    about = described(request) | {"task": request.name}
    logger.info("Task %s[%s] received", request.name, request.id, extra=about)


def silence_celerys_own() -> None:
    """Leaves that line to `log_received`."""
    logging.getLogger("celery.worker.strategy").setLevel(logging.WARNING)
