"""`fiscal backup` and `fiscal restore`: the database together with the keys of its claves."""

import os
from datetime import UTC, datetime
from pathlib import Path

import click

from app.errors import InvalidInput

SHORTEST = 16  # characters of a passphrase
_PATH = click.Path(path_type=Path)
_PASSPHRASE = click.option(
    "--passphrase-file",
    required=True,
    type=_PATH,
    help="Holds the passphrase of SECRET_KEYS in the backup; never on the command line.",
)


@click.command()
@click.argument("file", required=False, type=_PATH)
@click.option("--directory", type=_PATH, help="Write a file named by the time to this directory.")
@click.option(
    "--keep",
    type=click.IntRange(1),
    help="Of the backups in --directory leave the newest KEEP; all without it.",
)
@_PASSPHRASE
def backup(
    file: Path | None, directory: Path | None, keep: int | None, passphrase_file: Path
) -> None:
    """Write the database and SECRET_KEYS to the new FILE, or to one in --directory."""
    from app import bootstrap
    from app.cli.stores import typed_database_errors
    from app.infrastructure.db import backup_directory
    from app.infrastructure.db.backup import write_backup
    from app.settings import get_settings

    if keep and not directory:
        raise click.UsageError("--keep is about the backups in --directory; name that too.")
    target = file or (directory and backup_directory.dated(directory, datetime.now(UTC)))
    if target is None or (file and directory):
        raise click.UsageError("Name either FILE or --directory.")
    settings = get_settings()
    url, keys = settings.require("database_url"), settings.require("secret_keys")
    bootstrap.cipher()  # keys that are none are told now, not at the restore
    passphrase = _passphrase(passphrase_file)
    if directory:
        backup_directory.remove_abandoned(directory)
    with typed_database_errors():
        rows = write_backup(url, target, keys, passphrase)
    click.echo(f"wrote {sum(rows.values())} rows of {len(rows)} tables to {target}")
    if directory and keep:
        for old in backup_directory.remove_older(directory, target, keep):
            click.echo(f"removed {old}")


@click.command()
@click.argument("file", type=_PATH)
@_PASSPHRASE
@click.option(
    "--keys-to",
    type=_PATH,
    help="Write the backup's SECRET_KEYS to this new file.",
)
def restore(file: Path, passphrase_file: Path, keys_to: Path | None) -> None:
    """Bring FILE into a database that `fiscal migrate` has just made."""
    from app.cli.stores import typed_database_errors
    from app.infrastructure.db.backup import restore_backup
    from app.settings import get_settings

    url = get_settings().require("database_url")
    if keys_to is not None and (keys_to.exists() or not keys_to.parent.is_dir()):
        raise InvalidInput(f"--keys-to {keys_to} must be a new file in a directory that exists.")
    with typed_database_errors():
        rows, keys = restore_backup(url, file, _passphrase(passphrase_file))
    click.echo(f"restored {sum(rows.values())} rows of {len(rows)} tables")
    if keys_to is not None:
        with os.fdopen(os.open(keys_to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as new:
            new.write(keys)
        click.echo(f"its SECRET_KEYS are in {keys_to}")
        return
    given = get_settings().secret_keys
    here = set(given.get_secret_value().split(",")) if given else set()
    if not set(keys.split(",")) <= here:
        click.echo("SECRET_KEYS here are others than the backup's: no clave can be read until its"
                   " keys are in the list; --keys-to writes them.", err=True)  # fmt: skip


def _passphrase(file: Path) -> str:
    try:
        text = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise InvalidInput(f"--passphrase-file {file} cannot be read as text.") from None
    if len(text) < SHORTEST:
        raise InvalidInput(
            f"The passphrase in {file} has {len(text)} characters; take {SHORTEST} or more."
        )
    return text
