"""What the unit tests share: a database with companies, a portal in memory, a client of Redis."""

from collections.abc import Iterator

import pytest
import redis
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


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as client:
        yield client
