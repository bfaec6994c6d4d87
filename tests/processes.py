"""A process of ours that a test starts and ends."""

import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import ROOT


@contextmanager
def running(
    command: Sequence[str],
    log: Path,
    environment: Mapping[str, str] | None = None,
    patience: float = 20,
) -> Iterator[subprocess.Popen[bytes]]:
    """Yields the process, which runs in backend/ and whose errors go to `log`.

    It has to end well, `patience` seconds after SIGTERM at the latest.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT / "backend", env=environment, stderr=output)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(timeout=patience)
    assert code == 0, log.read_text()[-2000:]
