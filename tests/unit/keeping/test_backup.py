"""A backup comes back whole into an empty bundle, with claves that decrypt, or not at all."""

import json
import zipfile
from pathlib import Path
from typing import Any

import psycopg
import pytest
from cryptography.fernet import Fernet
from sqlalchemy import update

from app.errors import AlreadyExists, InvalidInput
from app.infrastructure.cipher import Cipher
from app.infrastructure.db.backup import restore_backup, write_backup
from app.infrastructure.db.models import SiiCredential, User
from app.infrastructure.db.schema import libpq_url
from app.infrastructure.db.session import get_session_factory
from app.services.notification_seeds import seed_notification_templates
from app.services.obligations import seed_event_templates
from tests.conftest import own_database
from tests.unit.keeping.planting import ANA, LUZ, TABLES, plant
from tests.unit.test_cli import assert_one_sentence, fiscal

KEY = Fernet.generate_key().decode()
PASSPHRASE = "correct horse battery staple"


def rows(url: str) -> dict[str, list[Any]]:
    """Returns every row of every table, as text."""
    with psycopg.connect(libpq_url(url)) as connection:
        names = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
        ).fetchall()
        return {
            name: connection.execute(f'SELECT t::text FROM "{name}" t ORDER BY 1').fetchall()
            for (name,) in names
        }


@pytest.fixture
def planted(database_url: str) -> str:
    """A database with a row in every table, a clave, what COPY has to escape, and Mem0's table."""
    with get_session_factory().begin() as session:
        seed_event_templates(session)
        seed_notification_templates(session)
        plant(session, ANA, dict.fromkeys(TABLES, ANA.of_company))
        plant(session, LUZ, dict.fromkeys(TABLES, LUZ.of_company))
        session.execute(update(SiiCredential).values(secret=Cipher([KEY]).encrypt("Invent4da")))
        session.execute(update(User).values(full_name="a\tb\nc\\N 'ñ' \\"))
        connection = session.connection()
        connection.exec_driver_sql("CREATE EXTENSION IF NOT EXISTS vector")
        connection.exec_driver_sql(
            "CREATE TABLE mem0_memories (id uuid PRIMARY KEY, vector vector(2), payload jsonb)"
        )
        connection.exec_driver_sql(
            "INSERT INTO mem0_memories VALUES (gen_random_uuid(), '[1,2]', '{\"a\": 1}')"
        )
    return database_url


@pytest.fixture
def file(tmp_path: Path, planted: str) -> Path:
    path = tmp_path / "fiscal.backup"
    write_backup(planted, path, KEY, PASSPHRASE)
    return path


def test_a_backup_comes_back_into_an_empty_bundle_and_claves_decrypt(
    planted: str, tmp_path: Path, postgres_server: str, migrated: str
) -> None:
    file, secret = tmp_path / "fiscal.backup", tmp_path / "passphrase"
    secret.write_text(f"{PASSPHRASE}\n")
    options = ("--passphrase-file", str(secret))
    made = fiscal("backup", str(file), *options, DATABASE_URL=planted, SECRET_KEYS=KEY)
    assert made.returncode == 0, made.stderr
    assert file.stat().st_mode & 0o777 == 0o600
    assert KEY.encode() not in file.read_bytes()
    again = fiscal("backup", str(file), *options, DATABASE_URL=planted, SECRET_KEYS=KEY)
    assert (again.returncode, again.stderr.count("is there already")) == (1, 1)
    before = rows(planted)
    with own_database(postgres_server, migrated) as empty:
        keys = tmp_path / "keys"
        done = fiscal("restore", str(file), *options, "--keys-to", str(keys), DATABASE_URL=empty)
        assert done.returncode == 0, done.stderr
        assert rows(empty) == before
        with psycopg.connect(libpq_url(empty)) as connection:
            secrets = connection.execute("SELECT secret FROM sii_credentials").fetchall()
            connection.execute("INSERT INTO agent_messages (session_id, message_data)"
                               " SELECT session_id, '{}' FROM agent_sessions")  # fmt: skip
        assert {Cipher([keys.read_text()]).decrypt(each) for (each,) in secrets} == {"Invent4da"}
        with pytest.raises(AlreadyExists, match="holds companies or people already"):
            restore_backup(empty, file, PASSPHRASE)


def altered(file: Path, name: str, change: Any) -> None:
    """Writes the archive anew, one member changed, so that zip's own sums agree."""
    with zipfile.ZipFile(file) as archive:
        members = {each: archive.read(each) for each in archive.namelist()}
    members[name] = change(members[name])
    with zipfile.ZipFile(file, "w") as archive:
        for each, content in members.items():
            archive.writestr(each, content)


def _other_digest(text: bytes) -> bytes:
    manifest = json.loads(text)
    manifest["tables"]["users"]["rows"] += 1
    return json.dumps(manifest).encode()


def test_a_bad_file_is_one_sentence_and_writes_nothing(
    file: Path, planted: str, tmp_path: Path, postgres_server: str, migrated: str
) -> None:
    good = file.read_bytes()
    spoilt = {
        "truncated": lambda: file.write_bytes(good[: len(good) // 2]),
        "no backup": lambda: file.write_bytes(b"nothing"),
        "flipped": lambda: file.write_bytes(good[:300] + bytes([good[300] ^ 1]) + good[301:]),
        "row": lambda: altered(file, "tables/users", lambda text: text.replace(b"a", b"b", 1)),
        "manifest": lambda: altered(file, "manifest.json", _other_digest),
        "keys": lambda: altered(file, "keys", lambda text: text[:-1]),
    }
    secret = tmp_path / "passphrase"
    with own_database(postgres_server, migrated) as empty:
        before = rows(empty)
        for name, spoil in spoilt.items():
            file.write_bytes(good)
            spoil()
            with pytest.raises(InvalidInput, match=r"nothing was\b"):
                restore_backup(empty, file, PASSPHRASE)
            assert rows(empty) == before, name
        file.write_bytes(good)
        secret.write_text("another passphrase")
        done = fiscal("restore", str(file), "--passphrase-file", str(secret), DATABASE_URL=empty)
        assert (done.returncode, done.stderr[:26]) == (64, "The passphrase is not the ")
        assert_one_sentence(done.stderr)
        assert rows(empty) == before
