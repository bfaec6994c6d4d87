"""`fiscal operator`: who may sign in to the operations page."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from app.cli.stores import typed_database_errors

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


@click.group()
def operator() -> None:
    """Make and remove the accounts of the operations page, /ops."""


@operator.command()
@click.argument("name")
@click.option(
    "--role",
    type=click.Choice(("viewer", "operator")),
    default="operator",
    show_default=True,
    help="A viewer may look; an operator may act as well.",
)
def add(name: str, role: str) -> None:
    """Add the account NAME and print its password, once."""
    from app.services.accounts import add_account

    with _transaction() as session:
        password = add_account(session, name, role)
    click.echo(password)
    click.echo("It is shown this once; keep it in your password manager.", err=True)


@operator.command()
@click.argument("name")
def password(name: str) -> None:
    """Print a new password for NAME, who is signed out everywhere."""
    from app.services.accounts import renew_password

    with _transaction() as session:
        renewed = renew_password(session, name)
    click.echo(renewed)


@operator.command()
@click.argument("name")
def remove(name: str) -> None:
    """Remove the account NAME, who is signed out at once."""
    from app.services.accounts import remove_account

    with _transaction() as session:
        remove_account(session, name)
    click.echo(f"removed {name}")


@operator.command("list")
def list_all() -> None:
    """List the accounts and their roles."""
    from app.services.accounts import list_accounts

    with _transaction() as session:
        lines = [f"{account.name} {account.role}" for account in list_accounts(session)]
    click.echo("\n".join(lines))


@contextmanager
def _transaction() -> Iterator["Session"]:
    from app.infrastructure.db.session import session_scope

    with typed_database_errors(), session_scope() as session:
        yield session
