"""A few schedules of faults from a seed of this run's own, without a browser."""

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sii_chaos.campaign import TODAY, run_one, summed_up
from tests.sii_chaos.processes import left_over
from tests.sii_chaos.schedule import schedule_of
from tests.simulator import Simulator, running_simulator

SAMPLE = 4


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with running_simulator(SIMULATOR_TODAY=TODAY) as simulator:
        yield simulator


def test_whatever_the_portal_does_a_later_run_has_everything(
    postgres_server: str, migrated: str, simulator: Simulator
) -> None:
    seed = os.environ.get("SEED") or secrets.token_hex(4)
    print(f"seed {seed}; one schedule again: make chaos-sii HTTP=1 SEED={seed} ONLY=0")
    done = [
        run_one(seed, index, postgres_server, migrated, simulator, browser=False)
        for index in range(SAMPLE)
    ]
    assert not [line for line in done if line["wrong"]], summed_up(seed, done)


def test_a_schedule_is_its_seeds_and_its_numbers() -> None:
    assert schedule_of("a", 1, browser=True) == schedule_of("a", 1, browser=True)
    drawn = {str(schedule_of(seed, one, browser=True)) for seed in "ab" for one in range(20)}
    assert len(drawn) == 40


def test_a_profile_that_is_left_behind_is_told(tmp_path: Path) -> None:
    assert left_over(tmp_path) == []
    (tmp_path / "chromium-x").mkdir()
    assert left_over(tmp_path) == ["left behind: chromium-x"]
