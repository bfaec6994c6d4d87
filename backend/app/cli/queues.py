"""`fiscal queue`: hold one back, let it flow again."""

import click

from app.cli.options import acted_by, complete_queue
from app.cli.stores import acting
from app.infrastructure.celery.topology import QUEUES


@click.group()
def queue() -> None:
    """Pause a queue, or resume it."""


@queue.command()
@click.argument("name", metavar="QUEUE", shell_complete=complete_queue)
@acted_by
def pause(name: str, by: str, reason: str | None) -> None:
    """Let no worker begin another run of QUEUE; what runs goes on, what comes waits."""
    from app.services.operators import Operator
    from app.services.pauses import pause_queue

    with acting() as (session, _):
        pause_queue(session, name, Operator(by, reason), QUEUES)
    click.echo(f"queue {name} is paused: workers stop taking its runs within 5 s")


@queue.command()
@click.argument("name", metavar="QUEUE", shell_complete=complete_queue)
@acted_by
def resume(name: str, by: str, reason: str | None) -> None:
    """Let workers take the runs of QUEUE again."""
    from app.services.operators import Operator
    from app.services.pauses import resume_queue

    with acting() as (session, _):
        resume_queue(session, name, Operator(by, reason), QUEUES)
    click.echo(f"queue {name} flows again within 5 s")
