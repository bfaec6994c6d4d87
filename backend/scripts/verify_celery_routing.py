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
    product = [queue for task, queue, *_ in table if task not in SYSTEM_TASKS]
    counts = ", ".join(f"{product.count(queue)} {queue}" for queue in QUEUES)
    print(f"\n{len(product)} tasks ({counts}) and {len(table) - len(product)} of the machinery")
    faults = routing_faults(app)
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
