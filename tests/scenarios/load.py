"""Runs that keep coming while something happens to the bundle, and what became of them."""

import subprocess
from collections import Counter
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any

from tests.bundle import Bundle

# Ends when its standard input does. A run whose publishing failed is nobody's: it is not printed.
_PUBLISH = """
import itertools, select, sys
from kombu.exceptions import OperationalError
from app.infrastructure.celery import app
for queue in itertools.cycle(("high", "default", "low")):
    try:
        # Without kombu's own retry: publisher.py says why.
        print(app.send_task("system.probe", queue=queue, retry=False).id, flush=True)
    except OperationalError as error:
        print(f"not published: {error}", file=sys.stderr)
    if select.select([sys.stdin], [], [], 0.2)[0]:
        break
"""


def end_source(process: "subprocess.Popen[str]", timeout: float) -> str:
    """Ends a source of work by closing its standard input; returns what it still printed."""
    try:
        printed, _ = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return printed


class Load(AbstractContextManager["Load"]):
    """Five probes per second, to each queue in turn, published by a part of the bundle."""

    def __init__(self, bundle: Bundle, part: str = "api") -> None:
        self.bundle = bundle
        self.part = part
        self.published: list[str] = []

    def __enter__(self) -> "Load":
        self.process = self.bundle.begin(self.part, "python", "-c", _PUBLISH)
        assert self.process.stdout is not None
        self.published.append(self.process.stdout.readline().strip())
        assert self.published[0], "nothing was published"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.published += end_source(self.process, timeout=60).split()
        assert error or self.process.returncode == 0, f"{self.part} did not live through it"

    def assert_all_done(self, timeout: float = 240) -> list[dict[str, Any]]:
        """Every published run ended well; returns their rows."""
        rows = self.bundle.wait_for_runs(self.published, timeout)
        assert Counter(row["state"] for row in rows) == {"succeeded": len(self.published)}
        return rows

    def assert_all_done_once(self, timeout: float = 240) -> None:
        """Every published run ended well and was begun once."""
        rows = self.assert_all_done(timeout)
        assert Counter(row["attempts"] for row in rows) == {1: len(self.published)}
