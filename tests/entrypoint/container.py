"""A stand-in for a container: the real docker-entrypoint.sh among programs that only record."""

import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.conftest import ROOT

SCRIPT = ROOT / "docker-entrypoint.sh"
SYSTEM = ("bash", "cat", "env", "grep", "head", "id", "sort", "uniq")
PROGRAMS = ("celery", "fiscal", "gunicorn", "uvicorn")
CHROME = ("chromium", "chromedriver")

RECORD = """#!/bin/bash
printf '%q ' "${0##*/}" "$@" >>"{home}/calls"
echo >>"{home}/calls"
env -0 >"{home}/env"
echo $$ >"{home}/pid"
if [ "${0##*/} $1" = "fiscal wait-for-schema" ] && [ -e "{home}/schema-is-missing" ]; then
    echo "The schema is not there." >&2
    exit 75
fi
"""


@dataclass(frozen=True)
class Outcome:
    """What came of one start: `calls` are the programs that ran, the last by exec."""

    code: int
    stdout: str
    stderr: str
    calls: list[list[str]]
    env: dict[str, str]
    kept_pid: bool


@dataclass
class Container:
    """A PATH of its own in `home`, so that nothing of this machine shows through."""

    home: Path
    chrome: bool = True
    path: Path = field(init=False)

    def __post_init__(self) -> None:
        self.path = self.home / "bin"
        self.path.mkdir()
        for name in SYSTEM:
            (self.path / name).symlink_to(shutil.which(name) or f"/bin/{name}")
        for name in (*PROGRAMS, *(CHROME if self.chrome else ())):
            self.install(name)
        self._install_python()

    def install(self, name: str) -> None:
        """Puts a program on the PATH that records its arguments and environment."""
        program = self.path / name
        program.write_text(RECORD.replace("{home}", str(self.home)))
        program.chmod(0o755)

    def _install_python(self) -> None:
        """`python -c` is the real one (it looks for the simulator); `python -m` records."""
        self.install("recorded-python")
        program = self.path / "python"
        program.write_text(
            f'#!/bin/bash\n[ "$1" = -c ] && exec {sys.executable} "$@"\nexec recorded-python "$@"\n'
        )
        program.chmod(0o755)

    def start(self, *words: str, **env: str) -> Outcome:
        """Starts the entrypoint with these words and only these variables."""
        return self._run([str(SCRIPT), *words], env)

    def source(self, commands: str, **env: str) -> Outcome:
        """Runs bash commands after sourcing the script, as the test of one function."""
        return self._run(["bash", "-c", f'source "{SCRIPT}"; {commands}'], env)

    def _run(self, command: list[str], env: dict[str, str]) -> Outcome:
        for name in ("calls", "env", "pid"):
            (self.home / name).unlink(missing_ok=True)
        process = subprocess.Popen(
            command,
            env={"PATH": str(self.path), **env},
            cwd=self.home,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        stdout, stderr = process.communicate(timeout=30)
        return Outcome(
            process.returncode,
            stdout,
            stderr,
            [shlex.split(line) for line in self._read("calls").splitlines()],
            dict(line.split("=", 1) for line in self._read("env").split("\0") if "=" in line),
            self._read("pid").strip() == str(process.pid),
        )

    def _read(self, name: str) -> str:
        file = self.home / name
        return os.fsdecode(file.read_bytes()) if file.exists() else ""


def assert_refused(outcome: Outcome, *fragments: str) -> None:
    """Asserts one sentence with these fragments on stderr, exit code 64, and nothing started."""
    assert outcome.code == 64, outcome
    assert outcome.calls == [], outcome
    assert outcome.stdout == ""
    assert outcome.stderr.endswith("\n")
    assert outcome.stderr.count("\n") == 1, outcome.stderr
    assert "for example" in outcome.stderr
    for fragment in fragments:
        assert fragment in outcome.stderr
