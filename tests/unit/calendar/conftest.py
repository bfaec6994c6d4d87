"""A database with the obligations, and companies in it."""

import pytest

from app.infrastructure.db.session import get_session_factory
from tests.unit.calendar.almanac import Almanac


@pytest.fixture
def almanac(database_url: str) -> Almanac:
    return Almanac(get_session_factory())
