"""Accounts: made by the command, whose password only its hash remembers."""

from sqlalchemy import select

from app.infrastructure.db.models import Account
from app.infrastructure.db.session import session_scope
from app.infrastructure.passwords import LONGEST, is_password
from tests.unit.test_cli import assert_one_sentence, fiscal


def hash_of(name: str) -> str | None:
    with session_scope() as session:
        return session.scalar(select(Account.password_hash).where(Account.name == name))


def test_an_account_is_made_renewed_listed_and_removed(database_url: str) -> None:
    made = fiscal("operator", "add", "ana", DATABASE_URL=database_url)
    password = made.stdout.strip()
    assert (made.returncode, len(password)) == (0, 24), made.stderr
    stored = hash_of("ana")
    assert stored
    assert stored.startswith("$argon2id$")
    assert password not in stored
    assert is_password(password, stored)
    assert not is_password(f"{password} ", stored)
    assert not is_password("x" * (LONGEST + 1), stored)
    assert not is_password(password, None)
    viewer = fiscal("operator", "add", "vera", "--role", "viewer", DATABASE_URL=database_url)
    assert viewer.returncode == 0
    listed = fiscal("operator", "list", DATABASE_URL=database_url)
    assert listed.stdout.splitlines() == ["ana operator", "vera viewer"]
    renewed = fiscal("operator", "password", "ana", DATABASE_URL=database_url)
    assert is_password(renewed.stdout.strip(), hash_of("ana"))
    assert hash_of("ana") != stored
    assert fiscal("operator", "remove", "ana", DATABASE_URL=database_url).returncode == 0
    assert hash_of("ana") is None


def test_what_cannot_be_is_one_sentence(database_url: str) -> None:
    for status, *arguments in (
        (64, "add", "Ana María"),
        (64, "password", "nobody"),
        (64, "remove", "nobody"),
    ):
        done = fiscal("operator", *map(str, arguments), DATABASE_URL=database_url)
        assert done.returncode == status, done.stderr
        assert_one_sentence(done.stderr)
    assert fiscal("operator", "add", "ana", DATABASE_URL=database_url).returncode == 0
    again = fiscal("operator", "add", "ana", DATABASE_URL=database_url)
    assert again.returncode == 1
    assert "There is an account ana already." in again.stderr
