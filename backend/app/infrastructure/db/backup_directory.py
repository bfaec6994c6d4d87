"""A directory of dated backups, of which the newest stay. Whatever else lies in it is left alone.

The names sort by time: `fiscal-20261129T073000Z.backup`, in UTC. Raises InvalidInput where the
directory is none, or does not allow what is asked.
"""

import fcntl
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from app.errors import InvalidInput

_WHOLE = re.compile(r"fiscal-\d{8}T\d{6}Z\.backup")
_PART = re.compile(rf"\.{_WHOLE.pattern}\.part")  # infrastructure/db/backup.py


def dated(directory: Path, now: datetime) -> Path:
    """Returns the path of a backup that begins `now`."""
    return directory / f"fiscal-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}.backup"


def remove_abandoned(directory: Path) -> None:
    """Removes what killed backups have left; one that is being written holds a lock."""
    with _in_words(directory):
        for part in _files(directory, _PART):
            with suppress(BlockingIOError, FileNotFoundError), part.open("r+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                part.unlink()


def remove_older(directory: Path, newest: Path, keep: int) -> list[Path]:
    """Removes all whole backups but `keep`; returns those that went.

    `newest` is one that stays, even where a clock that was wrong gave another one a later name.
    """
    with _in_words(directory):
        old = [path for path in _files(directory, _WHOLE) if path.name != newest.name][keep - 1 :]
        for path in old:
            path.unlink(missing_ok=True)
    return old


def _files(directory: Path, pattern: re.Pattern[str]) -> list[Path]:
    """Returns the directory's own files whose whole name matches, the latest first."""
    found = [path for path in directory.iterdir() if pattern.fullmatch(path.name)]
    return sorted(
        (path for path in found if path.is_file() and not path.is_symlink()), reverse=True
    )


@contextmanager
def _in_words(directory: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InvalidInput(f"{directory} cannot be used ({error.strerror}).") from error
