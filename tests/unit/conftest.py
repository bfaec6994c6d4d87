"""What the tests of syncs share: a database with companies, and a portal in memory."""

import pytest
from cryptography.fernet import Fernet

from app.infrastructure.cipher import Cipher
from app.infrastructure.db.session import get_session_factory
from tests.unit.sii.books import Books
from tests.unit.sii.registers import Registers


@pytest.fixture
def books(database_url: str) -> Books:
    return Books(get_session_factory(), Cipher([Fernet.generate_key().decode()]))


@pytest.fixture
def portal() -> Registers:
    return Registers()
