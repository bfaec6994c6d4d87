"""One bundle with two workers for all of these tests; it must survive every one of them."""

from collections.abc import Iterator

import pytest

from tests.chaos.accounts import keep_accounts
from tests.integration.stack import Stack


@pytest.fixture(scope="package")
def stack(images: None) -> Iterator[Stack]:
    with Stack("workers", project="fiscal-chaos") as stack:
        keep_accounts(stack)
        yield stack
