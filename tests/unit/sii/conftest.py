"""One simulator for all tests of the portal, reset for each."""

from collections.abc import Iterator

import pytest

from tests.unit.sii.simulated_portal import SimulatedPortal, running_simulator


@pytest.fixture(scope="session")
def _simulator() -> Iterator[SimulatedPortal]:
    with running_simulator() as simulator:
        yield simulator


@pytest.fixture
def simulator(_simulator: SimulatedPortal) -> SimulatedPortal:
    """A simulator that remembers nothing yet."""
    _simulator.reset()
    return _simulator
