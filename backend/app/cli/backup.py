"""`fiscal backup` and `fiscal restore`: the database together with the keys of its claves."""

import os
from pathlib import Path

import click

from app.errors import InvalidInput

SHORTEST = 16  # characters of a passphrase
_PASSPHRASE = click.option(
    "--passphrase-file",
    required=True,
    type=click.Path(path_type=Path),
    help="Holds the passphrase of SECRET_KEYS in the backup; never on the command line.",
)
_FILE = click.argument("file", type=click.Path(path_type=Path))


@click.command()
@_FILE
@_PASSPHRASE
def backup(file: Path, passphrase_file: Path) -> None:
    """Write the database and SECRET_KEYS to the new FILE."""
    from app import bootstrap
    from app.cli.stores import typed_database_errors
    from app.infrastructure.db.backup import write_backup
    from app.settings import get_settings

    settings = get_settings()
    url, keys = settings.require("database_url"), settings.require("secret_keys")
    bootstrap.cipher()  # keys that are none are told now, not at the restore
    with typed_database_errors():
        rows = write_backup(url, file, keys, _passphrase(passphrase_file))
    click.echo(f"wrote {sum(rows.values())} rows of {len(rows)} tables to {file}")


@click.command()
@_FILE
@_PASSPHRASE
@click.option(
    "--keys-to",
    type=click.Path(path_type=Path),
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
