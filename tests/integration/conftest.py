"""One running bundle per topology, until this folder is done."""

from collections.abc import Iterator

import pytest

from tests.integration.stack import Stack


@pytest.fixture(scope="package")
def two(images: None) -> Iterator[Stack]:
    """The two-worker layout, seeded with the simulator's companies."""
    with Stack("workers") as stack:
        yield stack


@pytest.fixture(scope="package")
def three(images: None) -> Iterator[Stack]:
    """The three-worker layout, seeded with the simulator's companies."""
    with Stack("three") as stack:
        yield stack
