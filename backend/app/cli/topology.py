"""`fiscal topology`: which layout lives, by what the workers say of themselves in Redis."""

import json
from typing import TYPE_CHECKING

import click

from app.cli.options import as_json

if TYPE_CHECKING:
    from app.infrastructure.celery.vitals import Vitals


@click.command()
@as_json
def topology(as_json: bool) -> None:
    """Show the living workers with their queues and slots; exit 1 unless one layout is whole."""
    from app.infrastructure.celery.topology import TOPOLOGIES
    from app.services.status import WorkerStatus, mixed_topologies, whole_topologies

    reports = _reports()
    workers = [WorkerStatus(each.node, tuple(each.queues)) for each in reports]
    names = {name: [w.name for w in members] for name, members in TOPOLOGIES.items()}
    whole = whole_topologies(workers, names)
    mixture = mixed_topologies(workers, names)
    if as_json:
        plain = [_plain(each) for each in reports]
        click.echo(json.dumps({"topologies": whole, "too_many": mixture, "workers": plain}))
    else:
        _draw(reports, whole, mixture)
    raise SystemExit(0 if len(whole) == 1 and not mixture else 1)


def _reports() -> "list[Vitals]":
    from app.infrastructure.celery.layout import read_layout
    from app.infrastructure.health import PATIENCE, impatient_redis
    from app.settings import get_settings

    with impatient_redis(get_settings().require("redis_url"), PATIENCE) as client:
        return sorted(read_layout(client).workers, key=lambda each: each.node)


def _draw(reports: "list[Vitals]", whole: list[str], mixture: dict[str, list[str]]) -> None:
    from rich.table import Table

    from app.cli.console import open_console

    console = open_console()
    table = Table(title="Workers", title_justify="left", title_style="bold")
    for column in ("node", "queues", "slots", "taken", "most per queue"):
        table.add_column(column)
    for each in reports:
        most = ", ".join(f"{queue} {slots}" for queue, slots in each.slots.items())
        numbers = (str(each.concurrency), str(sum(each.taken.values())))
        table.add_row(each.node, ", ".join(each.queues), *numbers, most)
    console.print(table)
    if mixture:
        console.print("Workers of more than one topology are alive.")
        for name, others in mixture.items():
            console.print(f"  to be left with topology {name}: stop {', '.join(others)}")
    elif whole:
        console.print(f"Topology {whole[0]} is whole.")
    else:
        console.print("No topology is whole; some of its workers are missing.")


def _plain(each: "Vitals") -> dict[str, object]:
    return {
        "node": each.node,
        "queues": list(each.queues),
        "slots": each.concurrency,
        "taken": dict(each.taken),
        "most_per_queue": dict(each.slots),
    }
