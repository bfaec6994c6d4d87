"""`fiscal sync`: read a company's documents from SII now."""

from datetime import UTC, datetime

import click

from app.cli.options import acted_by
from app.cli.stores import acting


@click.command()
@click.argument("company")
@click.option("--months", default=1, show_default=True, type=click.IntRange(1, 12))
@click.option("--last-period", help="The newest month, such as 2026-11; else the current one.")
@acted_by
def sync(company: str, months: int, last_period: str | None, by: str, reason: str | None) -> None:
    """Start a sync of COMPANY, by its id or its RUT; the same as the API's."""
    from app.domain.periods import Period
    from app.services.companies import find_company_by
    from app.services.documents import start_sync
    from app.services.operators import Operator, record_action

    operator, last = Operator(by, reason), Period.parse(last_period) if last_period else None
    now = datetime.now(UTC)
    with acting() as (session, outbox):
        found = find_company_by(session, company).id
        run, is_new = start_sync(session, outbox, found, months=months, last_period=last, now=now)
        if is_new:
            record_action(session, operator, "sync.start", found, run.id)
    click.echo(f"run {run.id} is {run.state}{'' if is_new else ': it was asked for before'}")
