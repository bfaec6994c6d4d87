"""The guide's rollout of two workers and its rollback, and other changes of layout, on Compose."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.integration.stack import Stack
from tests.scenarios.consumers import no_queue_is_left_alone
from tests.scenarios.load import Load
from tests.scenarios.rollout import assert_two_workers_roll_out_and_back
from tests.scenarios.workers import declared, wait_for_consumers


@pytest.fixture(scope="module")
def one(images: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One worker; `make topology` remembers in a file of its own what a plain `up` starts."""
    file = tmp_path_factory.mktemp("compose") / "compose.env"
    shutil.copy(ROOT / ".env", file)
    with Stack("one") as stack:
        stack.environment["COMPOSE_ENV_FILES"] = str(file)
        yield stack


def test_two_workers_roll_out_and_back_and_lose_nothing(one: Stack) -> None:
    assert_two_workers_roll_out_and_back(
        one,
        to_two=lambda: one.type("make topology T=two"),
        to_one=lambda: one.type("make topology T=one"),
    )


def test_at_no_moment_of_a_change_is_a_queue_without_a_consumer(one: Stack) -> None:
    with no_queue_is_left_alone(one), Load(one) as load:
        for topology in ("three", "two", "one"):
            one.type(f"make topology T={topology}")
            wait_for_consumers(one, declared(topology))
            remembered = Path(one.environment["COMPOSE_ENV_FILES"]).read_text()
            profile = "workers" if topology == "two" else topology
            assert f"\nCOMPOSE_PROFILES={profile}\n" in remembered
    load.assert_all_done_once()


def test_a_change_that_cannot_become_healthy_goes_back(one: Stack) -> None:
    one.environment["PDF_STORE"] = "nowhere"  # which no worker starts with
    try:
        said = one.run("make", "topology", "T=three", check=False)
    finally:
        del one.environment["PDF_STORE"]
    assert "did not become healthy" in said
    assert "the layout is as it was: all." in said
    wait_for_consumers(one, declared("one"))
    present = one.docker("compose", "--profile", "*", "ps", "--all", "--services").split()
    assert not {"high", "default", "slow"} & set(present)
