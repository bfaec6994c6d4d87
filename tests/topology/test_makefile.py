"""The commands that the README promises."""

import os
import subprocess

import pytest

from tests.topology.compose_reader import ROOT

TARGETS = [
    "up", "down", "topology", "status", "logs", "demo", "credentials", "test", "test-unit",
    "test-integration", "test-kubernetes", "chaos", "chaos-sii", "fuzz", "release", "lint",
    "format", "bench",
]  # fmt: skip


def make(*arguments: str) -> list[str]:
    # As typed by a person: below `make test`, MAKELEVEL would make it print directories.
    answer = subprocess.run(
        ["make", *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
    )
    assert answer.returncode == 0, answer.stderr
    return answer.stdout.splitlines()


def test_bare_make_lists_every_target_with_one_line() -> None:
    described = dict(line.strip().split(maxsplit=1) for line in make())

    assert [target for target in TARGETS if target not in described] == []


@pytest.mark.parametrize("target", TARGETS)
def test_every_target_has_a_recipe(target: str) -> None:
    assert make("--dry-run", "--always-make", target)


def test_up_prepares_the_machine_before_it_builds_and_starts() -> None:
    recipe = make("--dry-run", "up")

    assert recipe[:4] == [
        "deploy/prerequisites.sh",
        "deploy/airgap/build.sh",
        "docker compose --profile '*' build",
        "docker compose --profile workers up -d --wait",
    ]


def test_down_stops_every_layout_and_keeps_the_volumes() -> None:
    assert make("--dry-run", "down") == ["docker compose --profile '*' down"]
