"""`fiscal audit`: who did what."""

import click


@click.command()
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 500))
def audit(limit: int) -> None:
    """Show the last actions of operators, newest first."""
    from rich.markup import escape
    from rich.table import Table

    from app.cli.console import open_console
    from app.cli.run_view import in_chile
    from app.cli.stores import reading
    from app.services.operators import list_actions

    with reading() as session:
        actions = list_actions(session, limit)
    table = Table(title="Actions (Chile's time)", title_justify="left", title_style="bold")
    for column in ("at", "by", "action", "target", "run", "why"):
        table.add_column(column)
    for each in actions:
        run = str(each.run_id) if each.run_id else ""
        texts = (each.operator, each.action, each.target, run, each.reason or "")
        table.add_row(in_chile(each.at), *map(escape, texts))
    open_console().print(table)
