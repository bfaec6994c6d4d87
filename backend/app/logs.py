"""Logs: one JSON line per event, on stderr, with the run that it belongs to."""

import logging
import sys
from collections.abc import Callable
from typing import Any

from pythonjsonlogger.json import JsonFormatter

from app.tracing import log_context

Context = Callable[[logging.LogRecord], dict[str, Any]]


class _ContextFilter(logging.Filter):
    """Adds what `context` knows of a line: the request or the run that it is about."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.context = context

    def filter(self, record: logging.LogRecord) -> bool:
        for name, value in (self.context(record) | log_context()).items():
            if value is not None and getattr(record, name, None) is None:
                setattr(record, name, value)
        return True


def configure_logging(level: int | str = logging.INFO, context: Context = lambda _: {}) -> None:
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
