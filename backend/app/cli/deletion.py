"""`fiscal delete`: the data of a company or of a person, on request."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from app.services.deletion import Deleted

_YES = click.option("--yes", is_flag=True, help="Do it; without it only count what would go.")


@click.group("delete")
def delete() -> None:
    """Delete a company's or a person's data for good (docs/operations.md)."""


@delete.command("company")
@click.argument("given", metavar="RUT|ID")
@_YES
def delete_company(given: str, yes: bool) -> None:
    """Delete all data of a company: books, claves, calendar, notifications, PDFs, memories."""
    from app.services import deletion

    _delete(deletion.delete_company, given, yes)


@delete.command("person")
@click.argument("given", metavar="ID|EMAIL")
@_YES
def delete_person(given: str, yes: bool) -> None:
    """Delete all data of a person; the companies that they belong to stay."""
    from app.services import deletion

    _delete(deletion.delete_person, given, yes)


def _delete(act: "Callable[..., Deleted]", given: str, yes: bool) -> None:
    from app import bootstrap
    from app.cli.stores import typed_database_errors
    from app.infrastructure.db.session import get_session_factory
    from app.settings import get_settings

    get_settings().require("database_url")
    with typed_database_errors():
        done = act(get_session_factory(), bootstrap.publisher(), bootstrap.pdf_stores(), given,
                   dry_run=not yes)  # fmt: skip
    _tell(done, yes)


def _tell(done: "Deleted", yes: bool) -> None:
    owner = done.subject.owner
    word = "person" if owner.type == "user" else "company"
    click.echo(f"{word} {owner.id}: {'deleted' if yes else 'would be deleted'}")
    for table, number in done.rows.items():
        click.echo(f"  {table:28}{number:>9}")
    click.echo(f"  {'PDFs outside of Postgres':28}{done.pdfs:>9}")
    click.echo(f"  {'waiting runs that were ended':28}{done.ended:>9}")
    for run_id in done.forgetting if yes else ():
        click.echo(f"memories: empty here; in Mem0 the run {run_id} deletes them")
    for column, number in done.left.items():
        click.echo(f"still named in {column}: {number} rows (docs/operations.md says why)")
    if not yes:
        click.echo("Nothing was deleted; add --yes to do it.")
