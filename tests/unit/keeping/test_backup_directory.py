"""`fiscal backup --directory`: dated files, of which the newest stay; others are left alone."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import psycopg
import pytest
from cryptography.fernet import Fernet

from app.infrastructure.db.backup import restore_backup
from app.infrastructure.db.backup_directory import dated, remove_abandoned
from app.infrastructure.db.schema import libpq_url
from tests.conftest import ROOT, own_database
from tests.unit.test_cli import NOBODY, assert_one_sentence, fiscal
from tests.waiting import wait_until

KEY = Fernet.generate_key().decode()
PASSPHRASE = "correct horse battery staple"
OLD = [f"fiscal-2020010{day}T073000Z.backup" for day in (1, 2, 3)]
FOREIGN = {
    "notes.txt",
    "fiscal.backup",
    "fiscal-20200101.backup",
    "fiscal-20200101T073000Z.backup.gz",
    ".fiscal-mine.backup.part",
    "fiscal-20190101T073000Z.backup",  # a directory
    "fiscal-20190102T073000Z.backup",  # a link
}


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Three old backups, and what somebody else has put beside them."""
    directory = tmp_path / "backups"
    directory.mkdir()
    *files, folder, link = sorted(FOREIGN, key=lambda name: "2019" in name)
    for name in (*OLD, *files):
        (directory / name).write_text(name)
    (directory / folder).mkdir()
    (directory / link).symlink_to(directory / "notes.txt")
    return directory


@pytest.fixture
def words(directory: Path) -> tuple[str, ...]:
    """The command line, without --keep."""
    secret = directory.parent / "passphrase"
    secret.write_text(PASSPHRASE)
    return "backup", "--directory", str(directory), "--passphrase-file", str(secret)


def names(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()}


def test_the_newest_stay_and_what_is_not_ours_is_left_alone(
    directory: Path, words: tuple[str, ...], database_url: str, postgres_server: str, migrated: str
) -> None:
    done = fiscal(*words, "--keep", "3", DATABASE_URL=database_url, SECRET_KEYS=KEY)

    assert done.returncode == 0, done.stderr
    (new,) = names(directory) - FOREIGN - set(OLD)
    assert names(directory) == FOREIGN | {new, *OLD[1:]}
    wrote, removed = done.stdout.splitlines()
    assert wrote.endswith(f" tables to {directory / new}")
    assert removed == f"removed {directory / OLD[0]}"
    with own_database(postgres_server, migrated) as empty:
        assert restore_backup(empty, directory / new, PASSPHRASE)[1] == KEY


def test_without_a_number_all_stay(
    directory: Path, words: tuple[str, ...], database_url: str
) -> None:
    done = fiscal(*words, DATABASE_URL=database_url, SECRET_KEYS=KEY)

    assert done.returncode == 0, done.stderr
    assert names(directory) > FOREIGN | set(OLD)


def test_a_later_name_by_a_wrong_clock_does_not_cost_the_new_backup(
    directory: Path, words: tuple[str, ...], database_url: str
) -> None:
    late = "fiscal-29990101T073000Z.backup"
    (directory / late).touch()

    done = fiscal(*words, "--keep", "1", DATABASE_URL=database_url, SECRET_KEYS=KEY)

    assert done.returncode == 0, done.stderr
    (new,) = names(directory) - FOREIGN
    assert new not in (late, *OLD)


def test_names_are_utc_and_sort_by_time(tmp_path: Path) -> None:
    moment = datetime(2026, 4, 5, 3, 30, tzinfo=UTC)  # half an hour before Chile's clocks go back
    moments = [moment + timedelta(minutes=minutes) for minutes in (0, 60, 24 * 60)]
    chile = timezone(timedelta(hours=-4))
    found = [dated(tmp_path, each.astimezone(chile)).name for each in moments]

    assert found[0] == "fiscal-20260405T033000Z.backup"
    assert found == sorted(set(found))


@contextmanager
def stuck(words: tuple[str, ...], database_url: str) -> Iterator[subprocess.Popen[bytes]]:
    """Yields a backup that waits for a table; it is killed in the end."""
    with psycopg.connect(libpq_url(database_url)) as connection:
        connection.execute("LOCK TABLE users IN ACCESS EXCLUSIVE MODE")
        environment = {"DATABASE_URL": database_url, "SECRET_KEYS": KEY}
        command = [sys.executable, "-m", "app.cli", *words]
        with subprocess.Popen(command, cwd=ROOT / "backend", env=environment) as process:
            waits = "SELECT FROM pg_locks WHERE NOT granted AND relation = 'users'::regclass"
            wait_until(lambda: connection.execute(waits).fetchall(), what="the backup waits")
            yield process
            process.kill()
        assert process.returncode == -signal.SIGKILL


def test_what_a_killed_backup_leaves_is_removed_and_what_is_being_written_is_not(
    directory: Path, words: tuple[str, ...], database_url: str
) -> None:
    def parts() -> set[str]:
        return {name for name in names(directory) - FOREIGN if name.endswith(".part")}

    with stuck(words, database_url):
        (part,) = parts()
        remove_abandoned(directory)
        assert parts() == {part}
    assert parts() == {part}

    done = fiscal(*words, "--keep", "9", DATABASE_URL=database_url, SECRET_KEYS=KEY)

    assert done.returncode == 0, done.stderr
    assert parts() == set()
    assert names(directory) > FOREIGN | set(OLD)


@pytest.mark.parametrize("fault", ["no database", "no room"])
def test_a_backup_that_fails_removes_nothing(
    directory: Path, words: tuple[str, ...], database_url: str, fault: str
) -> None:
    away = f"postgresql://fiscal:hush@{NOBODY}/fiscal"
    url, blocks = (away, "unlimited") if fault == "no database" else (database_url, "1")
    limited = ["sh", "-c", f'ulimit -f {blocks}; exec "$@"', "sh", sys.executable, "-m", "app.cli"]

    done = subprocess.run(
        [*limited, *words, "--keep", "1"],
        cwd=ROOT / "backend",
        env={"DATABASE_URL": url, "SECRET_KEYS": KEY, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
    )

    assert_one_sentence(done.stderr)
    expected = {"no database": (75, "Postgres does not"), "no room": (64, "(File too large).")}
    status, says = expected[fault]
    assert (done.returncode, says in done.stderr) == (status, True), done.stderr
    assert names(directory) == FOREIGN | set(OLD)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "Name either FILE or --directory. See `fiscal backup --help`."),
        (("a.backup", "--directory", "."), "Name either FILE or --directory. See"),
        (("a.backup", "--keep", "3"), "--keep is about the backups in --directory; name that too."),
        (("--directory", ".", "--keep", "0"), "Invalid value for '--keep': 0 is not in the range"),
        (("--directory", "/nowhere"), "/nowhere cannot be used (No such file or directory)."),
        (("--directory", "/dev/null"), "/dev/null cannot be used (Not a directory)."),
        (("--directory", "/proc"), "cannot be written ("),
        (("/proc/a.backup",), "/proc/a.backup cannot be written ("),
        (("/nowhere/a.backup",), "/nowhere/a.backup cannot be written (No such file or directory)"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    words: tuple[str, ...], sentence: str, tmp_path: Path
) -> None:
    secret = tmp_path / "passphrase"
    secret.write_text(PASSPHRASE)
    url = f"postgresql://fiscal:hush@{NOBODY}/fiscal"
    file = ("--passphrase-file", str(secret))

    done = fiscal("backup", *words, *file, DATABASE_URL=url, SECRET_KEYS=KEY)

    assert (done.returncode, sentence in done.stderr) == (64, True), done.stderr
    assert_one_sentence(done.stderr)
