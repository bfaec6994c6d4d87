"""What CI starts before any test."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.topology.compose_reader import ROOT


@pytest.mark.parametrize(("given", "seen"), [({}, "true"), ({"CI": "yes"}, "yes")])
def test_ci_says_so_that_a_missing_tool_fails_instead_of_being_skipped(
    tmp_path: Path, given: dict[str, str], seen: str
) -> None:
    # A copy whose first step says what it was told and ends the run.
    programs = {"deploy/prerequisites.sh": 'echo "CI is ${CI-nothing}"; exit 3'}
    programs |= {f"bin/{name}": "exit 0" for name in ("docker", "apt-get")}
    for path, line in programs.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(f"#!/bin/sh\n{line}\n")
        (tmp_path / path).chmod(0o755)
    (tmp_path / ".ci").mkdir()
    script = shutil.copy(ROOT / ".ci" / "run", tmp_path / ".ci" / "run")
    answer = subprocess.run(
        [str(script)],
        env={"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", **given},
        capture_output=True,
        text=True,
    )

    assert answer.returncode == 3, answer.stderr
    assert f"CI is {seen}" in answer.stdout
