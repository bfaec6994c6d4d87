"""`fiscal schedule`: beat's entries, and one of them now."""

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from app.cli.options import acted_by, as_json
from app.cli.stores import acting, reading, typed_database_errors

if TYPE_CHECKING:
    from app.services.schedule import ScheduledEntry


@click.group(invoke_without_command=True)
@click.pass_context
def schedule(ctx: click.Context) -> None:
    """List the schedule, or run an entry now."""
    if ctx.invoked_subcommand is None:
        _list(as_json=False)


@schedule.command("list")
@as_json
def list_entries(as_json: bool) -> None:
    """List the entries with their last and next time."""
    _list(as_json)


def _list(as_json: bool) -> None:
    from rich.table import Table

    from app.cli.console import open_console
    from app.cli.run_view import in_chile
    from app.services.schedule import due_times

    entries = _entries()
    with reading() as session:
        due = due_times(session)
    if as_json:
        click.echo(json.dumps([_plain(entry, due.get(entry.name)) for entry in entries]))
        return
    table = Table(title="Schedule (Chile's time)", title_justify="left", title_style="bold")
    for column in ("entry", "task", "times", "last", "next"):
        table.add_column(column)
    for entry in entries:
        following = in_chile(due.get(entry.name)) if entry.is_enabled else "disabled"
        times = (entry.times, in_chile(entry.last_run_at), following)
        table.add_row(entry.name, entry.task, *times)
    open_console().print(table)


@schedule.command("run")
@click.argument("entry")
@acted_by
def run_now(entry: str, by: str, reason: str | None) -> None:
    """Run ENTRY now: a name, an unmistakable part of it, or a task."""
    from app.services.operators import Operator
    from app.services.schedule import find_entry, run_entry_now

    chosen = find_entry(_entries(), entry)
    with acting() as (session, outbox):
        run = run_entry_now(session, outbox, chosen, Operator(by, reason), datetime.now(UTC))
    click.echo(f"run {run.id} of {chosen.name!r} is queued in {run.queue}")


def _entries() -> "list[ScheduledEntry]":
    from app.infrastructure.celery.schedule_entries import read_entries

    with typed_database_errors():
        return read_entries()


def _plain(entry: "ScheduledEntry", due_at: datetime | None) -> dict[str, object]:
    return {
        "name": entry.name,
        "task": entry.task,
        "times": entry.times,
        "enabled": entry.is_enabled,
        "last_run_at": entry.last_run_at.isoformat() if entry.last_run_at else None,
        "due_at": due_at.isoformat() if due_at and entry.is_enabled else None,
    }
