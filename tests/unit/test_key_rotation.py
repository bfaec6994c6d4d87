"""Claves move to a new key while everything goes on working."""

import pytest
from cryptography.fernet import Fernet

from app.infrastructure.cipher import Cipher
from app.infrastructure.db.models import Company, SiiCredential
from app.infrastructure.db.session import get_session_factory, session_scope
from app.services import key_rotation
from tests.unit.test_cli import assert_one_sentence, fiscal

OLD, NEW, LOST = (Fernet.generate_key().decode() for _ in range(3))


@pytest.fixture
def companies(database_url: str, monkeypatch: pytest.MonkeyPatch) -> list[SiiCredential]:
    """Five claves under the old key, the last one under the new one, more than a page."""
    monkeypatch.setattr(key_rotation, "PAGE", 2)
    with session_scope() as session:
        for number, key in enumerate([OLD, OLD, OLD, OLD, NEW]):
            company = Company(rut=f"7600000{number}-0", business_name=f"Empresa {number}")
            secret = Cipher([key]).encrypt(f"Clave{number}")
            company.credential = SiiCredential(login_rut=company.rut, secret=secret)
            session.add(company)
    return stored()


def stored() -> list[SiiCredential]:
    with session_scope() as session:
        found = session.query(SiiCredential).order_by(SiiCredential.login_rut).all()
        session.expunge_all()
    return found


def test_afterwards_the_new_key_alone_decrypts_every_clave(
    database_url: str, companies: list[SiiCredential]
) -> None:
    sessions = get_session_factory()
    assert key_rotation.reencrypt_credentials(sessions, Cipher([NEW, OLD])) == (4, 5)
    assert [Cipher([NEW]).decrypt(one.secret) for one in stored()] == [
        f"Clave{number}" for number in range(5)
    ]
    assert stored()[4].secret == companies[4].secret, "it was under the new key already"
    again = fiscal("reencrypt", DATABASE_URL=database_url, SECRET_KEYS=NEW)
    assert again.stdout.startswith("encrypted 0 of 5 claves again"), again.stderr


def test_a_clave_whose_key_is_gone_is_named_by_its_company_and_nothing_is_shown(
    database_url: str, companies: list[SiiCredential]
) -> None:
    done = fiscal("reencrypt", DATABASE_URL=database_url, SECRET_KEYS=f"{NEW},{LOST}")
    assert done.returncode == 64
    assert_one_sentence(done.stderr)
    assert any(str(one.company_id) in done.stderr for one in companies)
    assert [one.secret for one in stored()] == [one.secret for one in companies]
