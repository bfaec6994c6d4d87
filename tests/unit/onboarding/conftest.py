import pytest

from tests.unit.onboarding.desk import Desk


@pytest.fixture
def desk(database_url: str) -> Desk:
    return Desk()
