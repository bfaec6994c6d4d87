"""A scrape that hangs holds up nobody else, on Compose."""

import pytest

from tests.integration.stack import Stack
from tests.scenarios.isolation import assert_a_held_scrape_delays_nobody


@pytest.mark.parametrize("topology", ["two", "three"])
def test_a_held_scrape_and_a_full_low_queue_delay_nobody(
    topology: str, request: pytest.FixtureRequest
) -> None:
    stack: Stack = request.getfixturevalue(topology)
    assert_a_held_scrape_delays_nobody(stack, topology)
