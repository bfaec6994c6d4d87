"""Each fault once, in an order of this run's own, while work flows; then the sum is made."""

import os
import secrets
from random import Random

import pytest

from tests.chaos.accounts import settle
from tests.chaos.campaign import described, run_batch, table
from tests.chaos.faults import FAULTS
from tests.integration.stack import Stack


@pytest.mark.timeout(2400)
def test_every_fault_leaves_nothing_lost_and_nothing_doubled(stack: Stack) -> None:
    seed = os.environ.get("SEED") or secrets.token_hex(4)
    print(f"seed {seed}")
    chance = Random(seed)
    kinds = list(FAULTS)
    chance.shuffle(kinds)
    faults = run_batch(stack, f"each-{seed}", kinds, chance)
    accounts = settle(stack, f"each-{seed}")
    print(table(seed, [described(faults, accounts)]))
    assert accounts.are_clean, (accounts.lost, accounts.doubled)
