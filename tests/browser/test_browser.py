"""Chromium leaves nothing behind, whatever ends it."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.infrastructure.sii import browser
from tests.conftest import ROOT
from tests.waiting import wait_until


def processes_of(mark: str) -> list[int]:
    """Returns the living processes whose command line holds `mark`."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if mark in command:
            found.append(int(entry.name))
    return found


@pytest.fixture
def scratch(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Profiles are made here, so that this test sees only its own."""
    # A short name: Chromium puts a socket below it, whose path may have 107 characters.
    with tempfile.TemporaryDirectory(prefix="b-") as directory:
        monkeypatch.setattr(tempfile, "tempdir", directory)
        yield Path(directory)


def test_nothing_is_left_after_use(scratch: Path) -> None:
    with browser.chromium() as driver:
        driver.get("data:text/html,<title>hola</title>")
        assert driver.title == "hola"
        assert processes_of(str(scratch))
    wait_until(lambda: not processes_of(str(scratch)), what="the end of Chromium")
    assert list(scratch.iterdir()) == []


def test_nothing_is_left_after_an_error(scratch: Path) -> None:
    with pytest.raises(KeyError), browser.chromium():
        raise KeyError("anything")
    wait_until(lambda: not processes_of(str(scratch)), what="the end of Chromium")
    assert list(scratch.iterdir()) == []


def test_a_driver_that_hangs_is_killed(scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browser, "QUIT_TIMEOUT", 1)
    with browser.chromium():
        os.kill(_driver_of(), signal.SIGSTOP)
    wait_until(lambda: not processes_of(str(scratch)), what="the end of Chromium")


def _driver_of() -> int:
    """Returns the chromedriver that this process started."""
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            name = (entry / "comm").read_text().strip()
        except OSError:
            continue
        if name == "chromedriver" and int(fields[1]) == os.getpid():
            return int(entry.name)
    raise AssertionError("no chromedriver runs")


def test_a_killed_worker_takes_its_browser_along(scratch: Path) -> None:
    script = (
        "import signal, sys, tempfile; sys.path.insert(0, 'backend')\n"
        f"tempfile.tempdir = {str(scratch)!r}\n"
        "from app.infrastructure.sii.browser import chromium\n"
        "with chromium() as driver:\n"
        "    driver.get('data:text/html,hola'); print('up', flush=True); signal.pause()\n"
    )
    worker = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE)
    assert worker.stdout is not None
    with worker.stdout:
        assert worker.stdout.readline() == b"up\n"
        assert processes_of(str(scratch))
        worker.kill()
        worker.wait()
    wait_until(lambda: not processes_of(str(scratch)), what="the end of Chromium")


def test_the_browser_does_not_see_our_environment(
    scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEYS", "nothing-for-a-browser")
    with browser.chromium():
        environment = Path(f"/proc/{_driver_of()}/environ").read_bytes()
    assert b"PATH=" in environment
    assert b"nothing-for-a-browser" not in environment
