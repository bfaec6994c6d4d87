"""`fiscal probe`: does the right worker run what comes by each queue? `helm test` asks it."""

from collections.abc import Sequence

import click

from app.bootstrap import publisher
from app.errors import InvalidInput
from app.infrastructure.celery.topology import QUEUES
from app.infrastructure.db.models import Run
from app.infrastructure.db.session import get_session_factory
from app.infrastructure.health import check_redis
from app.services.outbox import outbox_scope
from app.services.probes import await_probes, probe_fault, send_probes
from app.settings import get_settings

_EXAMPLE = "for example: fiscal probe high=fast default=fast low=slow"


def probe_queues(arguments: Sequence[str], patience: float) -> bool:
    """Probes what each of `arguments`, such as 'low=slow,bulk', names; prints a line per queue.

    Returns whether one of the named workers ran each probe within `patience` seconds. Raises
    InvalidInput for what is no QUEUE=WORKER[,WORKER...], and QueueUnavailable.
    """
    expected = expected_workers(arguments)
    check_redis(get_settings().require("redis_url"))  # else the probes would wait for it
    sessions = get_session_factory()
    with outbox_scope(sessions, publisher()) as (session, outbox):
        sent = send_probes(session, outbox, expected)
    runs = await_probes(sessions, sent, patience)
    faults = [_report(runs[run_id], expected[queue]) for run_id, queue in sent.items()]
    return not any(faults)


def expected_workers(arguments: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Returns the workers that each queue names. Raises InvalidInput."""
    expected: dict[str, tuple[str, ...]] = {}
    for argument in arguments:
        queue, _, names = argument.partition("=")
        workers = tuple(filter(None, (name.strip() for name in names.split(","))))
        if not workers:
            raise InvalidInput(f"{argument!r} is not QUEUE=WORKER[,WORKER...]; {_EXAMPLE}.")
        if queue not in QUEUES:
            raise InvalidInput(f"{queue!r} is no queue; there are {', '.join(QUEUES)}; {_EXAMPLE}.")
        if queue in expected:
            raise InvalidInput(f"Queue {queue} is named twice; write {queue}=WORKER,WORKER.")
        expected[queue] = workers
    if not expected:
        raise InvalidInput(f"No queue to probe is named; {_EXAMPLE}.")
    return expected


def _report(run: Run, workers: tuple[str, ...]) -> str | None:
    fault = probe_fault(run, workers)
    if fault is not None:
        click.echo(fault, err=True)
    elif run.finished_at:
        took = (run.finished_at - run.queued_at).total_seconds()
        click.echo(f"{run.queue}: {run.worker} in {took:.1f} s")
    return fault
