"""Processes that share politeness through a Redis."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.conftest import ROOT


class Polite:
    """Starts such processes; `polite_process.py` says what they do."""

    def __init__(self, redis_url: str) -> None:
        self._environment = os.environ | {
            "REDIS_URL": redis_url,
            "PYTHONPATH": f"{ROOT / 'backend'}:{ROOT}",
        }
        self._started: list[subprocess.Popen[str]] = []

    def start(self, *arguments: object) -> "subprocess.Popen[str]":
        """Starts one; its output is a pipe, its input stays open."""
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.unit.sii.polite_process", *map(str, arguments)],
            env=self._environment,
            cwd=ROOT,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._started.append(process)
        return process

    def end(self) -> None:
        """Kills what is left of them."""
        for process in self._started:
            process.kill()
            process.communicate()


@contextmanager
def polite(redis_url: str) -> Iterator[Polite]:
    """Yields the starter, and ends what it started."""
    starter = Polite(redis_url)
    try:
        yield starter
    finally:
        starter.end()


def first_line(process: "subprocess.Popen[str]") -> str:
    """Returns the first line that a process says."""
    assert process.stdout
    return process.stdout.readline().strip()
