"""One cluster for this folder, with the images of this checkout."""

from collections.abc import Iterator

import pytest

from tests.kubernetes.cluster import cluster


@pytest.fixture(scope="package", autouse=True)
def kubernetes(images: None) -> Iterator[None]:
    with cluster():
        yield
