"""The guide's rollout of two workers and its rollback, and other changes of layout, on Compose."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.conftest import ROOT
from tests.integration.stack import Stack
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


@contextmanager
def watching_consumers(stack: Stack) -> Iterator[dict[str, list[float]]]:
    """Yields what the metrics role says of each queue's consumers, ten times a second meanwhile."""
    account = stack.execute("metrics", "cat", "/run/fiscal/secrets/metrics/metrics_basic_auth")
    user, _, password = account.strip().partition(":")
    seen: dict[str, list[float]] = {}
    over = threading.Event()

    def watch() -> None:
        with httpx.Client(auth=(user, password), timeout=15) as client:
            while not over.wait(0.1):
                for line in client.get(address).text.splitlines():
                    if line.startswith("fiscal_queue_consumers{"):
                        series, _, value = line.rpartition(" ")
                        seen.setdefault(series, []).append(float(value))

    address = f"{stack.url('metrics', 9464)}/metrics"
    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


def test_two_workers_roll_out_and_back_and_lose_nothing(one: Stack) -> None:
    assert_two_workers_roll_out_and_back(
        one,
        to_two=lambda: one.type("make topology T=two"),
        to_one=lambda: one.type("make topology T=one"),
    )


def test_at_no_moment_of_a_change_is_a_queue_without_a_consumer(one: Stack) -> None:
    with watching_consumers(one) as seen, Load(one) as load:
        for topology in ("three", "two", "one"):
            one.type(f"make topology T={topology}")
            wait_for_consumers(one, declared(topology))
            remembered = Path(one.environment["COMPOSE_ENV_FILES"]).read_text()
            profile = "workers" if topology == "two" else topology
            assert f"\nCOMPOSE_PROFILES={profile}\n" in remembered
    load.assert_all_done_once()
    assert len(seen) == 3
    assert {series: min(values) for series, values in seen.items() if min(values) < 1} == {}


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
