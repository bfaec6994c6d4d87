"""What the tests of politeness share."""

from collections.abc import Iterator

import pytest

from tests.unit.sii.politeness import Polite, polite


@pytest.fixture
def processes(redis_url: str) -> Iterator[Polite]:
    with polite(redis_url) as starter:
        yield starter
