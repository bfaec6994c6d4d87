"""Commands on this machine."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def run(*command: str | Path, check: bool = True, stdin: str | None = None) -> str:
    """Returns what a command prints; fails with its last words."""
    done = _done(command, stdin)
    words = (done.stdout + done.stderr)[-3000:]
    assert done.returncode == 0 or not check, f"{' '.join(map(str, command))}: {words}"
    return done.stdout


def run_refused(*command: str | Path) -> str:
    """Runs a command that must fail; returns its last words."""
    done = _done(command, None)
    assert done.returncode != 0, f"{' '.join(map(str, command))} did not fail: {done.stdout}"
    return done.stderr


def _done(command: tuple[str | Path, ...], stdin: str | None) -> subprocess.CompletedProcess[str]:
    words = [str(word) for word in command]
    return subprocess.run(words, input=stdin, capture_output=True, text=True, cwd=ROOT)
