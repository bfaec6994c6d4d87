"""The figures of `fiscal advise` as tables and as JSON."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import click
from rich.markup import escape
from rich.table import Table

from app.cli.console import open_console
from app.domain.advice import Objective, Outcome, Waits, advise, evaluate, summarise
from app.domain.growth import grow
from app.domain.periods import CHILE
from app.errors import InvalidInput
from app.infrastructure.celery.topology import QUEUES, STARTED_IN_TIME, TOPOLOGIES, Worker
from app.infrastructure.db.session import session_scope
from app.services.arrivals import MOST_STARTS, Recorded, read_arrivals

OBJECTIVES = {
    name: Objective(queue.wait_objective, STARTED_IN_TIME) for name, queue in QUEUES.items()
}
# MiB by `docker stats`, idle, and what a Chrome at work on the simulator's small pages adds: `slow`
# takes 380 with it (docs/CELERY_DEPLOYMENT_GUIDE.md, Which topology).
IDLE_MIB = {"all": 254, "fast": 213, "slow": 105, "high": 138, "default": 138}
CHROME_MIB = 380 - IDLE_MIB["slow"]


@dataclass(frozen=True)
class Advice:
    """What is printed. `outcomes` end with the advised layout where it is no topology as such."""

    since: datetime
    until: datetime
    growth: float
    recorded: Recorded
    waits: Mapping[str, Waits]  # as they were
    outcomes: Sequence[Outcome]
    sentence: str

    @property
    def hours(self) -> float:
        """How long the window is."""
        return (self.until - self.since) / timedelta(hours=1)


def find_advice(since: datetime, until: datetime, growth: float, seed: int) -> Advice:
    """Replays the window in each topology. Raises InvalidInput where it is empty or too full."""
    with session_scope() as session:
        recorded = read_arrivals(session, since, until, list(QUEUES))
    arrivals = recorded.arrivals
    if growth != 1:
        if len(arrivals) * growth > MOST_STARTS:
            raise InvalidInput(
                f"{len(arrivals)} starts of runs times {growth:g} are more than {MOST_STARTS};"
                " choose a shorter window, with --days or with --since and --until."
            )
        arrivals = grow(arrivals, growth, seed)
    outcomes = [
        evaluate(name, workers, arrivals, OBJECTIVES) for name, workers in TOPOLOGIES.items()
    ]
    sentence, best = advise(outcomes, arrivals)
    if best is not None and best not in outcomes:
        outcomes.append(best)
    waits = {queue: summarise(recorded.waits[queue], each) for queue, each in OBJECTIVES.items()}
    return Advice(since, until, growth, recorded, waits, outcomes, sentence)


def memory_at_work(workers: Sequence[Any]) -> int:
    """Returns MiB: workers at rest, and a Chrome in each slot that may hold one."""
    return sum(IDLE_MIB[each.name] + CHROME_MIB * _browsers(each) for each in workers)


def _browsers(worker: Worker) -> int:
    with_chrome = [queue for queue in worker.queues if QUEUES[queue].needs_chrome]
    slots = sum(worker.slots.get(queue, worker.concurrency) for queue in with_chrome)
    return min(slots, worker.concurrency)


def print_json(advice: Advice) -> None:
    """Prints one document; times in s, memory in MiB."""
    recorded = advice.recorded
    document = {
        "window": {
            "since": advice.since.isoformat(),
            "until": advice.until.isoformat(),
            "runs": _counted(recorded),
            "repeated_starts": recorded.repeated,
            "guessed_run_times": recorded.guessed,
            "left_out": dict(recorded.left_out),
        },
        "growth": advice.growth,
        "recorded": _queues(advice.waits),
        "layouts": [
            {
                "name": outcome.name,
                "topology": outcome.topology,
                "workers": [worker.name for worker in outcome.workers],
                "worker_hours": round(len(outcome.workers) * advice.hours, 2),
                "memory_at_work_mib": memory_at_work(outcome.workers),
                "memory_limit_mib": outcome.size[0],
                "queues": _queues(outcome.waits),
                "broken": outcome.broken,
            }
            for outcome in advice.outcomes
        ],
        "advice": advice.sentence,
    }
    click.echo(json.dumps(document, indent=2))


def _counted(recorded: Recorded) -> int:
    return sum(arrival.counts for arrival in recorded.arrivals)


def _queues(waits: Mapping[str, Waits]) -> dict[str, Any]:
    return {
        queue: {
            "runs": each.runs,
            **{name: round(getattr(each, name), 3) for name in ("p50", "p95", "p99")},
            "late": each.late,
            "objective_seconds": each.objective.seconds,
            "objective_kept": each.is_kept,
        }
        for queue, each in waits.items()
    }


def print_tables(advice: Advice) -> None:
    """Draws what the window held, the waits, the costs, and the sentence."""
    console = open_console()
    console.print(_heading(advice), soft_wrap=True)
    waits = Table("layout", "queue", title="Waits", title_justify="left")
    for column in ("runs", "p50", "p95", "p99", "late", "objective"):
        waits.add_column(column, justify="right")
    _add_waits(waits, "as recorded", advice.waits)
    for outcome in advice.outcomes:
        _add_waits(waits, outcome.name, outcome.waits)
    console.print(waits)
    costs = Table("layout", title="Costs", title_justify="left")
    for column in ("workers", "worker-hours", "memory at work", "memory limit"):
        costs.add_column(column, justify="right")
    costs.add_column("breaks")
    for outcome in advice.outcomes:
        costs.add_row(
            outcome.name,
            str(len(outcome.workers)),
            f"{len(outcome.workers) * advice.hours:.0f}",
            f"{memory_at_work(outcome.workers)} MiB",
            f"{outcome.size[0]} MiB",
            f"[red]{', '.join(outcome.broken)}[/]" if outcome.broken else "[green]nothing[/]",
        )
    console.print(costs)
    console.print(advice.sentence, soft_wrap=True)


def _heading(advice: Advice) -> str:
    recorded = advice.recorded
    since, until = (
        f"{each.astimezone(CHILE):%Y-%m-%d %H:%M}" for each in (advice.since, advice.until)
    )
    said = [f"{since} to {until} in Chile: {_counted(recorded)} runs"]
    if advice.growth != 1:
        said.append(f"replayed {advice.growth:g} times")
    if recorded.repeated:
        said.append(f"{recorded.repeated} repeated starts")
    if recorded.guessed:
        said.append(f"{recorded.guessed} run times guessed")
    said += [f"left out {number} {reason}" for reason, number in recorded.left_out.items()]
    return escape(", ".join(said) + ".")


def _add_waits(table: Table, layout: str, waits: Mapping[str, Waits]) -> None:
    for queue, each in waits.items():
        share = f"{each.objective.share:.0%} < {_time(each.objective.seconds)}"
        table.add_row(
            layout if queue == next(iter(waits)) else "",
            queue,
            str(each.runs),
            *(_time(value) for value in (each.p50, each.p95, each.p99)),
            str(each.late),
            share if each.is_kept else f"[red]{share}[/]",
        )
    table.add_section()


def _time(seconds: float) -> str:
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s".replace(".0 s", " s")
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"
