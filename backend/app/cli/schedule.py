"""`fiscal schedule`: beat's entries, and one of them now."""

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from app.cli.options import acted_by, as_json
from app.cli.stores import acting, reading

if TYPE_CHECKING:
    from app.services.schedule_entries import ScheduledEntry


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
    from app.services.schedule_entries import read_schedule

    with reading() as session:
        entries = read_schedule(session)
    if as_json:
        click.echo(json.dumps([_plain(entry) for entry in entries]))
        return
    table = Table(title="Schedule (Chile's time)", title_justify="left", title_style="bold")
    for column in ("entry", "task", "times", "last", "next"):
        table.add_column(column)
    for entry in entries:
        following = in_chile(entry.due_at) if entry.is_enabled else "disabled"
        times = (entry.times, in_chile(entry.last_run_at), following)
        table.add_row(entry.name, entry.task, *times)
    open_console().print(table)


@schedule.command("run")
@click.argument("entry")
@acted_by
def run_now(entry: str, by: str, reason: str | None) -> None:
    """Run ENTRY now: a name, an unmistakable part of it, or a task."""
    from app.services.operators import Operator
    from app.services.schedule import run_entry_now
    from app.services.schedule_entries import find_entry, read_schedule

    with acting() as (session, outbox):
        chosen = find_entry(read_schedule(session), entry)
        run = run_entry_now(session, outbox, chosen, Operator(by, reason), datetime.now(UTC))
    click.echo(f"run {run.id} of {chosen.name!r} is queued in {run.queue}")


def _plain(entry: "ScheduledEntry") -> dict[str, object]:
    return {
        "name": entry.name,
        "task": entry.task,
        "times": entry.times,
        "enabled": entry.is_enabled,
        "last_run_at": entry.last_run_at.isoformat() if entry.last_run_at else None,
        "due_at": entry.due_at.isoformat() if entry.due_at else None,
    }
