"""Logs: one JSON line per event, on stderr, with the run that it belongs to."""

import logging
import sys
from collections.abc import Callable
from typing import Any

from pythonjsonlogger.json import JsonFormatter

Context = Callable[[], dict[str, Any]]


class _ContextFilter(logging.Filter):
    """Adds what `context` knows: task, run id, queue, company."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.context = context

    def filter(self, record: logging.LogRecord) -> bool:
        celerys = record.__dict__.pop("data", None)  # Celery's own context: name, id, arguments
        if isinstance(celerys, dict):
            record.__dict__.setdefault("task", celerys.get("name"))
            record.__dict__.setdefault("run", celerys.get("id"))
        for name, value in self.context().items():
            if value is not None and getattr(record, name, None) is None:
                setattr(record, name, value)
        return True


def configure_logging(level: int | str = logging.INFO, context: Context = dict) -> None:
    """Sends every logger of this process through one JSON handler."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        JsonFormatter(
            "{levelname}{name}{message}",
            style="{",
            rename_fields={"levelname": "level", "name": "logger"},
            timestamp="at",
            exc_info_as_array=True,
        )
    )
    handler.addFilter(_ContextFilter(context))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level if isinstance(level, int) else level.upper())
    # httpx logs whole URLs at INFO, and a URL may hold what nobody should read.
    logging.getLogger("httpx").setLevel(logging.WARNING)
