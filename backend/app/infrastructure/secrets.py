"""The passwords and keys of a machine of one's own: made once, one directory per group of readers.

Each group is a volume of its own in Compose, so that a container mounts what it needs and no
more. Everything made here starts with DEMO_MARK, by which production refuses it.
"""

import os
import secrets
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from app.errors import ConfigurationError
from app.infrastructure.files import sync_directory
from app.settings import DEMO_MARK, carries_demo_mark


def _password() -> str:
    return DEMO_MARK + secrets.token_urlsafe(24)


def _fernet_key() -> str:
    """Returns a Fernet key, 32 bytes in base64url. The mark costs 30 of its 256 bits."""
    return DEMO_MARK + secrets.token_urlsafe(32)[len(DEMO_MARK) :] + "="


# Order matters: a URL is made of the password above it, also where only the URL is missing.
_MAKERS: Mapping[str, Callable[[Path], str]] = {
    "redis/redis_password": lambda _: _password(),
    "redis/redis_url": lambda root: f"redis://:{_read(root / 'redis/redis_password')}@redis:6379/0",
    "postgres/postgres_password": lambda _: _password(),
    "postgres/database_url": lambda root: (
        f"postgresql://fiscal:{_read(root / 'postgres/postgres_password')}@postgres:5432/fiscal"
    ),
    "keys/secret_keys": lambda _: _fernet_key(),
    "api/api_keys": lambda _: _password(),
    "flower/flower_basic_auth": lambda _: f"fiscal:{_password()}",
    "metrics/metrics_basic_auth": lambda _: f"fiscal:{_password()}",
    "channels/whatsapp_access_token": lambda _: _password(),
    "webhooks/whatsapp_app_secret": lambda _: _password(),
    "webhooks/whatsapp_verify_token": lambda _: _password(),
}

# What an operator has to bring: servers of one's own have their passwords in their URLs.
REQUIRED_IN_PRODUCTION = tuple(name for name in _MAKERS if not name.endswith("_password"))


def write_secrets(directory: Path) -> list[str]:
    """Writes the secrets that are missing below `directory` and returns their names.

    Never writes over one that is there: a key that changes makes what it encrypted unreadable.
    Raises ConfigurationError where the directory cannot be written.
    """
    try:
        return [
            name
            for name, make in _MAKERS.items()
            if not (directory / name).exists() and _write(directory / name, make(directory))
        ]
    except OSError as error:
        raise ConfigurationError(
            f"{error.filename or directory} cannot be written by user {os.getuid()}"
            f" ({error.strerror}); mount a volume that this user owns, for example by"
            f" `chown {os.getuid()} {directory}`."
        ) from error


def refuse_demo_secrets(directory: Path) -> None:
    """Returns when every secret that production needs is below `directory` and none is a demo's.

    Raises ConfigurationError: one sentence with the names, never the values.
    """
    faults = [
        f"{name} is {fault}"
        for name in REQUIRED_IN_PRODUCTION
        if (fault := _production_fault(directory / name))
    ]
    if faults:
        raise ConfigurationError(
            f"Production does not start on these secrets: {'; '.join(faults)}; write your own"
            f" below {directory} (deploy/compose/production.yaml lists them)."
        )


def _production_fault(path: Path) -> str | None:
    try:
        value = _read(path)
    except (OSError, ConfigurationError) as error:
        return "missing" if isinstance(error, FileNotFoundError) else "empty or unreadable"
    return "a demo credential" if carries_demo_mark(value) else None


def _read(path: Path) -> str:
    value = path.read_text(encoding="ascii").strip()
    if not value:
        raise ConfigurationError(f"{path} is empty; write the value into it or delete the file.")
    return value


def _write(path: Path, value: str) -> bool:
    """Returns whether `path` now holds `value`: all of it or, after a crash, nothing.

    A link fails where the name is taken, so that of two writers one wins and neither overwrites.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".")
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(value + "\n")
            file.flush()
            # Redis and Postgres run as users of their own: who mounts the volume may read.
            os.fchmod(file.fileno(), 0o444)
            os.fsync(file.fileno())
        os.link(temporary, path)
    except FileExistsError:
        return False
    finally:
        Path(temporary).unlink()
    sync_directory(path.parent)
    return True
