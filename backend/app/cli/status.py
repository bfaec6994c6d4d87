"""`fiscal status`: each section stands alone, so that one store that is down hides nothing else."""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import click
import redis
from kombu.exceptions import OperationalError as BrokerError
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from sqlalchemy.exc import OperationalError

from app.cli.console import open_console
from app.domain.periods import CHILE
from app.infrastructure.celery import app
from app.infrastructure.celery.queues import RedisQueues
from app.infrastructure.celery.topology import QUEUES, TOPOLOGIES
from app.infrastructure.certificates import certificate_fault
from app.infrastructure.db.session import session_scope
from app.infrastructure.health import impatient_redis
from app.services import status
from app.services.pauses import list_pauses
from app.services.resolutions import count_unknown
from app.settings import get_settings

WATCH = 2.0  # s between two looks
PATIENCE = 1.5  # s for the workers' answers, and for Redis
# No command: what shows or stops a container differs between Compose, Kubernetes and Railway.
GUIDE = "docs/CELERY_DEPLOYMENT_GUIDE.md"
STYLES = {"succeeded": "green", "failed": "red", "running": "cyan", "retrying": "yellow"}


def watch_status(runs: int) -> None:
    """Draws everything again and again, until Ctrl-C."""
    console = open_console()
    try:
        while True:
            with console.capture() as drawn:
                show_status(runs, console)
            console.clear()
            click.echo(drawn.get(), nl=False)
            time.sleep(WATCH)
    except KeyboardInterrupt:
        raise SystemExit(0) from None


def show_status(runs: int, console: Console | None = None) -> bool:
    """Draws everything that answers; returns whether all of it did."""
    console = console or open_console()
    drawn = [  # a list: every section is drawn, whatever became of the one before
        _draw("Queues", _show_queues, console),
        _draw("Pauses", _show_pauses, console),
        _draw("Workers", _show_workers, console),
        _draw("Last runs", lambda console: _show_runs(console, runs), console),
    ]
    return all(drawn)


def _draw(title: str, section: Callable[[Console], None], console: Console) -> bool:
    try:
        section(console)
    except (redis.RedisError, BrokerError, OSError) as error:
        store, fault = "Redis", certificate_fault(error)
    except OperationalError as error:
        store, fault = "Postgres", certificate_fault(error)
    else:
        return True
    why = f" ({escape(fault)})" if fault else ""
    console.print(
        f"{title}: [bold red]{store} does not answer[/]{why}; see Troubleshooting in {GUIDE}."
    )
    return False


def _show_queues(console: Console) -> None:
    table = _table("Queues", "queue", "waiting", "in flight")
    with open_redis() as client:
        for queue in status.read_queues(RedisQueues(client), list(QUEUES)):
            table.add_row(queue.name, str(queue.waiting), str(queue.in_flight))
    console.print(table)


def _show_pauses(console: Console) -> None:
    with session_scope() as session:
        pauses = list_pauses(session)
    for each in pauses:
        why = f": {each.reason}" if each.reason else ""
        since = each.paused_at.astimezone(CHILE).strftime("%Y-%m-%d %H:%M")
        console.print(
            f"[yellow]Queue {each.queue} is paused[/] since {since} by"
            f" {escape(each.paused_by + why)}; its runs wait.",
            soft_wrap=True,
        )


def open_redis() -> redis.Redis:
    """Returns a client that gives up soon."""
    return impatient_redis(get_settings().require("redis_url"), PATIENCE)


def _show_workers(console: Console) -> None:
    with open_redis() as client:
        client.ping()  # Celery itself would try again for much longer
    workers = status.read_workers(ask_workers)
    table = _table("Workers", "node", "queues", "topology")
    for worker in workers:
        topologies = ", ".join(topologies_of(worker.name)) or "your own"
        table.add_row(worker.node, ", ".join(worker.queues), topologies)
    console.print(table)
    if not workers:
        console.print(f"[yellow]No worker answers[/]; see Troubleshooting in {GUIDE}.")
    _show_idle_queues(console, workers)
    _show_mixture(console, workers)
    if workers:
        _show_channels_off(console)


def ask_workers() -> Mapping[str, Sequence[Mapping[str, Any]]]:
    """Returns what each living worker consumes, by node; takes PATIENCE."""
    return app.control.inspect(timeout=PATIENCE).active_queues() or {}


def _ask_channels_off() -> Sequence[Mapping[str, Any]]:
    return app.control.broadcast("channels_off", reply=True, timeout=PATIENCE) or []


def topologies_of(worker: str) -> list[str]:
    """Returns the topologies that have a worker of this name."""
    return [name for name, members in TOPOLOGIES.items() if worker in {w.name for w in members}]


def _show_idle_queues(console: Console, workers: Sequence[status.WorkerStatus]) -> None:
    consumed = {queue for worker in workers for queue in worker.queues}
    idle = [name for name in QUEUES if name not in consumed]
    if workers and idle:
        console.print(f"[yellow]Nobody consumes {', '.join(idle)}[/]; its runs wait.")


def _show_mixture(console: Console, workers: Sequence[status.WorkerStatus]) -> None:
    names = {topology: [w.name for w in members] for topology, members in TOPOLOGIES.items()}
    foreign = status.mixed_topologies(workers, names)
    if not foreign:
        return
    alive = ", ".join(worker.node for worker in workers)
    console.print(
        f"[yellow]Workers of another topology are alive[/]: {alive}; see Managing workers in"
        f" {GUIDE}.",
        soft_wrap=True,
    )
    for topology, others in foreign.items():
        console.print(f"  to be left with topology {topology}: stop {', '.join(others)}")


def _show_channels_off(console: Console) -> None:
    for channel, nodes in status.read_channels_off(_ask_channels_off).items():
        where = ", ".join(nodes)
        console.print(f"[yellow]Channel {channel} is off[/] on {where}; nothing is sent by it.")


def _show_runs(console: Console, limit: int) -> None:
    with session_scope() as session:
        runs = status.read_runs(session, datetime.now(UTC), limit)
        poison = status.count_poison(session)
        unknown = count_unknown(session)
    table = _table(
        "Last runs", "run", "task", "company", "state", "worker", "waited", "took", "error"
    )
    for run in runs:
        table.add_row(
            str(run.id),
            run.task,
            run.company,
            f"[{STYLES.get(run.state, 'default')}]{run.state}[/]",
            run.worker,
            duration(run.waited),
            duration(run.took),
            run.error_code,
        )
    console.print(table)
    _show_poison(console, poison)
    if unknown:
        console.print(
            f"[yellow]{unknown} messages may or may not have arrived[/]; see docs/notifications.md."
        )


def _show_poison(console: Console, number: int) -> None:
    if number:
        console.print(
            f"[red]{number} runs were given up[/] because their worker died each time (error"
            f" poison_run); see Troubleshooting in {GUIDE}."
        )


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    for column in columns:
        numeric = column in ("waiting", "in flight", "waited", "took")
        # Only names of companies are folded: an id or a task in two pieces cannot be copied.
        table.add_column(
            column, justify="right" if numeric else "left", no_wrap=column != "company"
        )
    return table


def duration(value: timedelta | None) -> str:
    """Returns how long something took, for people; '' for None."""
    if value is None:
        return ""
    seconds = value.total_seconds()
    return f"{seconds:.1f} s" if seconds < 60 else f"{int(seconds // 60)} min {int(seconds % 60)} s"
