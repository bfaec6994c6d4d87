"""Prints every task, its queue and its worker in each topology; exits 1 with a line per fault.

Usage: cd backend && python scripts/verify_celery_routing.py
"""

import importlib.util
import os
import sys
from pathlib import Path

BACKEND = Path(__file__).resolve().parents[1]
VENV_PYTHON = BACKEND.parent / ".venv/bin/python"
if importlib.util.find_spec("celery") is None and VENV_PYTHON.exists():
    # A plain `python` has no Celery; `make` has put one into the checkout's own environment.
    os.execv(VENV_PYTHON, [str(VENV_PYTHON), *sys.argv])  # noqa: S606
sys.path.insert(0, str(BACKEND))

from app.infrastructure.celery import app
from app.infrastructure.celery.checks import registered_tasks, route_of, routing_faults
from app.infrastructure.celery.topology import QUEUES, SYSTEM_TASKS, TOPOLOGIES

# A task that is lost together with its declaration would be missed by nothing else.
PRODUCT_TASKS = {"high": 2, "default": 9, "low": 6}
HEADER = ("task", "queue", *TOPOLOGIES)


def rows() -> list[tuple[str, ...]]:
    """Returns one row per registered task: product tasks by queue, then system tasks."""
    order = list(QUEUES)
    found = [(task, route_of(app, task) or "-") for task in registered_tasks(app)]
    found.sort(
        key=lambda row: (
            row[0] in SYSTEM_TASKS,
            order.index(row[1]) if row[1] in order else -1,
            row[0],
        )
    )
    return [
        (task, queue, *(workers_of(queue, name) for name in TOPOLOGIES)) for task, queue in found
    ]


def workers_of(queue: str, topology: str) -> str:
    """Returns the workers that consume a queue in a topology, '-' where none does."""
    return ", ".join(w.name for w in TOPOLOGIES[topology] if queue in w.queues) or "-"


def main() -> int:
    """Returns the exit code."""
    app.loader.import_default_modules()
    table = rows()
    widths = [max(map(len, column)) for column in zip(HEADER, *table, strict=True)]
    for row in (HEADER, tuple("-" * width for width in widths), *table):
        print(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        )
    faults = routing_faults(app) + count_faults(table)
    for fault in faults:
        print(fault, file=sys.stderr)
    print(f"\n{summary(table)}")
    return 1 if faults else 0


def product_queues(table: list[tuple[str, ...]]) -> list[str]:
    """Returns the queue of each product task."""
    return [queue for task, queue, *_ in table if task not in SYSTEM_TASKS]


def count_faults(table: list[tuple[str, ...]]) -> list[str]:
    """Returns one sentence per queue that has fewer or more product tasks than were decided."""
    found = product_queues(table)
    return [
        f"Queue {queue} has {found.count(queue)} product tasks instead of {wanted}; a new one"
        " needs a new number in PRODUCT_TASKS."
        for queue, wanted in PRODUCT_TASKS.items()
        if found.count(queue) != wanted
    ]


def summary(table: list[tuple[str, ...]]) -> str:
    """Returns the last line, such as '17/17 product tasks routed (2 high, 9 default, 6 low)'."""
    found = product_queues(table)
    counts = ", ".join(f"{found.count(queue)} {queue}" for queue in PRODUCT_TASKS)
    return f"{len(found)}/{sum(PRODUCT_TASKS.values())} product tasks routed ({counts})"


if __name__ == "__main__":
    sys.exit(main())
