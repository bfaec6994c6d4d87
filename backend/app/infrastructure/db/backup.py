"""A backup of the database with the keys of its claves in one file, and its way back.

The file is a zip: `tables/NAME` as COPY writes it, of one snapshot; `manifest.json`; `keys`, which
holds SECRET_KEYS and the manifest's SHA-256 under a passphrase. So nobody without the passphrase
reads a clave, or changes a row unnoticed. Other data is readable: keep the file like the database.
"""

import fcntl
import hashlib
import json
import os
import re
import zipfile
import zlib
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path
from typing import IO, Any, cast

import psycopg
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from psycopg import sql

from app.errors import AlreadyExists, ConfigurationError, InvalidInput
from app.infrastructure.db.schema import libpq_url
from app.infrastructure.db.session import CONNECTION
from app.infrastructure.files import sync_directory

MANIFEST, KEYS = "manifest.json", "keys"
_CHUNK = 1 << 20  # bytes
# What zipfile and json say of a file that is not, or no longer, what was written.
_DAMAGES = (zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValueError, NotImplementedError)
_MADE_ON_FIRST_USE = re.compile(r"mem0_memories(_[0-9a-f]{6})?")  # infrastructure/mem0/postgres.py
_TABLES = """
    SELECT c.relname, ARRAY(
        SELECT ARRAY[a.attname::text, format_type(a.atttypid, a.atttypmod)] FROM pg_attribute a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
        ORDER BY a.attnum)
    FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r'
        AND c.relname <> 'alembic_version' ORDER BY 1
"""
_PARENTS = """
    SELECT c.conrelid::regclass::text, c.confrelid::regclass::text FROM pg_constraint c
    WHERE c.contype = 'f' AND c.conrelid <> c.confrelid
        AND c.connamespace = current_schema()::regnamespace
"""
_SEQUENCES = "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = current_schema()"


def write_backup(url: str, path: Path, secret_keys: str, passphrase: str) -> dict[str, int]:
    """Writes the database at `url` and `secret_keys` to a new file; returns rows by table.

    The file appears whole or not at all, readable by its owner only. Raises AlreadyExists, and
    InvalidInput where the path cannot be written.
    """
    try:
        if path.exists():
            raise AlreadyExists(f"{path} is there already; name a new file.")
        manifest = _write_whole(url, path, secret_keys, passphrase)
    except OSError as error:
        raise InvalidInput(f"{path} cannot be written ({error.strerror}).") from error
    return {name: table["rows"] for name, table in manifest["tables"].items()}


def _write_whole(url: str, path: Path, secret_keys: str, passphrase: str) -> dict[str, Any]:
    part = path.with_name(f".{path.name}.part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            # The kernel lets go of the lock of a process that is killed: so backup_directory tells
            # what was left behind from what is being written.
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            manifest = _write(url, file, secret_keys, passphrase)
            file.flush()
            os.fsync(file.fileno())
            part.rename(path)
    finally:
        part.unlink(missing_ok=True)
    sync_directory(path.parent)  # before anybody removes an older backup for this one
    return manifest


def _write(url: str, file: IO[bytes], secret_keys: str, passphrase: str) -> dict[str, Any]:
    with (
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive,
        psycopg.connect(libpq_url(url), **CONNECTION) as connection,
    ):
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        manifest = _dump(connection, archive)
        text = json.dumps(manifest).encode()
        archive.writestr(MANIFEST, text)
        sealed = {"secret_keys": secret_keys, "manifest": hashlib.sha256(text).hexdigest()}
        archive.writestr(KEYS, _seal(json.dumps(sealed).encode(), passphrase))
    return manifest


def _dump(connection: psycopg.Connection[Any], archive: zipfile.ZipFile) -> dict[str, Any]:
    revision = _revision(connection)
    if revision is None:
        raise ConfigurationError("The database has no schema; there is nothing to back up.")
    tables = {}
    for name, columns in connection.execute(_TABLES).fetchall():
        digest, rows = hashlib.sha256(), 0
        with (
            archive.open(f"tables/{name}", "w", force_zip64=True) as member,
            connection.cursor().copy(_copy(name, columns, "TO STDOUT")) as copy,
        ):
            for block in copy:
                member.write(block)
                digest.update(block)
                rows += bytes(block).count(b"\n")  # inside a value it is written as \n
        tables[name] = {"columns": columns, "rows": rows, "sha256": digest.hexdigest()}
    sequences = dict(connection.execute(_SEQUENCES).fetchall())
    return {"revision": revision, "tables": tables, "sequences": sequences}


def restore_backup(url: str, path: Path, passphrase: str) -> tuple[dict[str, int], str]:
    """Brings a backup into a database that is migrated and holds no company and no person.

    All of the file is checked before a row is written, and all rows go in one transaction. Returns
    rows by table, and the SECRET_KEYS of the backup. Raises InvalidInput, AlreadyExists.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            manifest, keys = _checked(archive, passphrase)
            with psycopg.connect(libpq_url(url), **CONNECTION) as connection:
                _refuse_unfit(connection, manifest["revision"])
                _load(connection, archive, manifest)
    except _DAMAGES as error:
        raise _damaged(path) from error
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read ({error.strerror}).") from error
    return {name: table["rows"] for name, table in manifest["tables"].items()}, keys


def _checked(archive: zipfile.ZipFile, passphrase: str) -> tuple[dict[str, Any], str]:
    sealed = json.loads(_open(archive.read(KEYS), passphrase))
    text = archive.read(MANIFEST)
    manifest = json.loads(text)
    good = hashlib.sha256(text).hexdigest() == sealed["manifest"]
    for name, table in manifest["tables"].items():
        digest, rows = hashlib.sha256(), 0
        for block in _blocks(archive, name):
            digest.update(block)
            rows += block.count(b"\n")
        good = good and (digest.hexdigest(), rows) == (table["sha256"], table["rows"])
    if not good:
        raise ValueError("a digest differs")
    return manifest, sealed["secret_keys"]


def _refuse_unfit(connection: psycopg.Connection[Any], revision: str) -> None:
    here = _revision(connection)
    if here != revision:
        raise InvalidInput(
            f"The backup is of revision {revision} and the database is at {here or 'none'}; restore"
            " with the release that made the backup, after its `fiscal migrate`, then upgrade."
        )
    connection.execute("LOCK TABLE companies, users IN ACCESS EXCLUSIVE MODE")
    found = connection.execute(
        "SELECT EXISTS (SELECT FROM companies) OR EXISTS (SELECT FROM users)"
    ).fetchone()
    if found is None or found[0]:
        raise AlreadyExists(
            "The database holds companies or people already; restore into a new one, right after"
            " `fiscal migrate`."
        )


def _load(
    connection: psycopg.Connection[Any], archive: zipfile.ZipFile, manifest: dict[str, Any]
) -> None:
    """Puts the backup's rows in the place of what `fiscal migrate` has seeded."""
    tables = manifest["tables"]
    there = {name for name, _ in connection.execute(_TABLES).fetchall()}
    for name in tables.keys() - there:
        if not _MADE_ON_FIRST_USE.fullmatch(name):
            raise ValueError("a table that this schema does not have")
        connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
        columns = sql.SQL(", ").join(
            sql.SQL("{} {}").format(sql.Identifier(column), sql.SQL(kind))
            for column, kind in tables[name]["columns"]
        )
        connection.execute(
            sql.SQL("CREATE TABLE {} ({}, PRIMARY KEY (id))").format(sql.Identifier(name), columns)
        )
    named = [sql.Identifier(name) for name in sorted(tables.keys() | there)]
    connection.execute(sql.SQL("TRUNCATE {}").format(sql.SQL(", ").join(named)))
    parents: dict[str, set[str]] = {name: set() for name in tables}
    for child, parent in connection.execute(_PARENTS).fetchall():
        parents.setdefault(child, set()).add(parent)
    for name in TopologicalSorter(parents).static_order():
        if name in tables:
            copying = _copy(name, tables[name]["columns"], "FROM STDIN")
            with connection.cursor().copy(copying) as copy:
                for block in _blocks(archive, name):
                    copy.write(block)
    for name, last in manifest["sequences"].items():
        if last is not None:
            connection.execute("SELECT setval(%s, %s)", [name, last])


def _blocks(archive: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    with archive.open(f"tables/{name}") as member:
        while block := member.read(_CHUNK):
            yield block


def _copy(name: str, columns: list[list[str]], direction: str) -> sql.Composed:
    named = sql.SQL(", ").join(sql.Identifier(column) for column, _ in columns)
    return sql.SQL("COPY {} ({}) " + direction).format(sql.Identifier(name), named)


def _revision(connection: psycopg.Connection[Any]) -> str | None:
    found = connection.execute("SELECT to_regclass('alembic_version')").fetchone()
    if found is None or found[0] is None:
        return None
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return cast(str, row[0]) if row else None


def _seal(content: bytes, passphrase: str) -> bytes:
    salt = os.urandom(16)
    return salt + Fernet(_key(passphrase, salt)).encrypt(content)


def _open(sealed: bytes, passphrase: str) -> bytes:
    try:
        return Fernet(_key(passphrase, sealed[:16])).decrypt(sealed[16:])
    except InvalidToken:
        raise InvalidInput(
            "The passphrase is not the one of this backup, or the file was altered; nothing was"
            " written."
        ) from None


def _key(passphrase: str, salt: bytes) -> bytes:
    # 32 MiB and about a tenth of a second for each guess (RFC 7914).
    derived = Scrypt(salt=salt, length=32, n=2**15, r=8, p=1).derive(passphrase.encode())
    return urlsafe_b64encode(derived)


def _damaged(path: Path) -> InvalidInput:
    return InvalidInput(
        f"{path} is no whole, unaltered backup; nothing was written, take another copy."
    )
