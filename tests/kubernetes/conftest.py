"""One cluster for this folder, with the images of this checkout."""

from collections.abc import Generator, Iterator

import pytest

from tests.kubernetes.cluster import cluster
from tests.kubernetes.release import Release


@pytest.fixture(scope="package", autouse=True)
def kubernetes(images: None) -> Iterator[None]:
    with cluster():
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Function,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Shows pods, events and logs of the releases that a failed test used."""
    report = yield
    used = [value for value in item.funcargs.values() if isinstance(value, Release)]
    for release in used if report.failed else ():
        report.sections.append((f"release {release.name}", release.describe()))
    return report
