"""`fiscal runs` lists them, `fiscal run` shows and steers one."""

import json
from datetime import UTC, datetime
from typing import get_args
from uuid import UUID

import click

from app.cli.options import acted_by, as_json, complete_queue, complete_task
from app.cli.stores import acting, reading
from app.errors import InvalidInput
from app.infrastructure.celery.topology import QUEUES


@click.command()
@click.option("--state", help="queued, running, retrying, succeeded, failed, revoked, ...")
@click.option("--queue", help="high, default or low.", shell_complete=complete_queue)
@click.option("--task", help="For example sii.sync_documents.", shell_complete=complete_task)
@click.option("--company", help="An id, or a RUT in any spelling.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 500))
@click.option("--cursor", help="Where the page before ended: `next_cursor` of --json.")
@as_json
def runs(
    state: str | None,
    queue: str | None,
    task: str | None,
    company: str | None,
    limit: int,
    cursor: str | None,
    as_json: bool,
) -> None:
    """List runs, newest first."""
    from app.api.schemas.runs import RunState, RunView
    from app.cli.run_view import draw_runs
    from app.services.companies import find_company_by
    from app.services.run_history import RunFilter, list_runs

    _refuse_other("state", state, get_args(RunState))
    _refuse_other("queue", queue, tuple(QUEUES))
    with reading() as session:
        company_id = find_company_by(session, company).id if company else None
        wanted = RunFilter(company_id=company_id, state=state, task=task, queue=queue)
        found, following = list_runs(session, wanted, limit=limit, cursor=cursor)
    if as_json:
        items = [RunView.of(run).model_dump(mode="json") for run in found]
        click.echo(json.dumps({"items": items, "next_cursor": following}))
    else:
        draw_runs(found, datetime.now(UTC))


def _refuse_other(name: str, given: str | None, known: tuple[str, ...]) -> None:
    if given is not None and given not in known:
        raise InvalidInput(f"{given!r} is no {name}; there are {', '.join(known)}.", name)


@click.group()
def run() -> None:
    """Show one run, retry it, cancel it."""


@run.command()
@click.argument("run_id", metavar="RUN", type=click.UUID)
@as_json
def show(run_id: UUID, as_json: bool) -> None:
    """Show RUN whole: its arguments, attempts, times, and result or error."""
    from app.cli.run_view import draw_run, whole
    from app.services.runs import find_run

    with reading() as session:
        found = find_run(session, run_id)
    if as_json:
        click.echo(json.dumps(whole(found)))
    else:
        draw_run(found)


@run.command()
@click.argument("run_id", metavar="RUN", type=click.UUID)
@acted_by
def retry(run_id: UUID, by: str, reason: str | None) -> None:
    """Ask again for what RUN, which has failed, was asked for."""
    from app.services.operators import Operator
    from app.services.retries import retry_run

    with acting() as (session, outbox):
        again = retry_run(session, outbox, run_id, Operator(by, reason), datetime.now(UTC))
    click.echo(f"run {again.id} is queued in {again.queue}")


@run.command()
@click.argument("run_id", metavar="RUN", type=click.UUID)
@acted_by
def cancel(run_id: UUID, by: str, reason: str | None) -> None:
    """End RUN where it waits; let it stop at its next checkpoint where it runs."""
    from app.services.cancelling import cancel_run
    from app.services.operators import Operator

    with acting() as (session, _):
        ended = cancel_run(session, run_id, Operator(by, reason))
    stops = "is cancelled" if ended.finished_at else "stops at its next checkpoint"
    click.echo(f"run {run_id} {stops}")
