"""Waits as measured and as the model of `fiscal advise` has them.

`python -m benchmarks.advise_inside TOPOLOGY` runs inside a container of the selenium image, with
the workers of the topology as processes. It publishes mixed runs whose times and lengths a seed has
drawn, waits for their ends, and replays what the ledger then holds. Prints the p95 of each queue in
s as JSON.
"""

import json
import sys
import time
from datetime import UTC, datetime
from random import Random

from app.cli.advice_report import OBJECTIVES
from app.domain.advice import evaluate, summarise
from app.infrastructure.celery.topology import QUEUES, TOPOLOGIES
from app.infrastructure.db.session import session_scope
from app.services.arrivals import read_arrivals
from benchmarks.kinds import OURS, connect, forget
from benchmarks.waits import Tasks, workers

SEED = 29
SPAN = 240.0  # s in which all of them come
# Queue, runs, mean length in s: `default` and `low` have work for three quarters of their slots.
RUNS = (("high", 330, 0.3), ("default", 250, 1.4), ("low", 60, 3.0))
BURST = 30.0  # s: half of `high` comes together, each half minute
PATIENCE = 300.0  # s after the last one came


def traffic(seed: int) -> list[tuple[float, str, float]]:
    """Returns when each run comes, in s and sorted, its queue, and how long it takes, in s."""
    random, drawn = Random(seed), []
    for queue, number, mean in RUNS:
        for each in range(number):
            at = random.uniform(0, SPAN)
            if queue == "high" and each % 2:
                at -= at % BURST
            drawn.append((at, queue, random.expovariate(1 / mean)))
    return sorted(drawn)


def publish(tasks: Tasks) -> int:
    """Publishes them when they come; returns how many they are."""
    began, coming = time.monotonic(), traffic(SEED)
    for at, queue, seconds in coming:
        time.sleep(max(0.0, began + at - time.monotonic()))
        tasks.fill(1, queue, seconds)
    return len(coming)


def await_ends(number: int) -> None:
    """Returns once so many runs have succeeded."""
    deadline, ended = time.monotonic() + PATIENCE, 0
    with connect() as connection:
        while ended < number:
            if time.monotonic() > deadline:
                raise SystemExit(f"{ended} of {number} runs ended within {PATIENCE:.0f} s")
            time.sleep(0.5)
            counted = connection.execute("SELECT count(*) FROM runs WHERE state = 'succeeded'")
            ended = counted.fetchall()[0][0]


def main(topology: str) -> None:
    """Measures, replays and prints."""
    tasks = Tasks("ours")
    forget()  # the topology before, too
    with workers(topology, "ours"):
        for queue in QUEUES:
            tasks.fill(1, queue, 0.1)
        await_ends(len(QUEUES))  # every worker is up
        with connect() as connection:
            connection.execute(OURS.forget_all)
        since = datetime.now(UTC)
        await_ends(publish(tasks))
    with session_scope() as session:
        recorded = read_arrivals(session, since, datetime.now(UTC), list(QUEUES))
    model = evaluate(topology, TOPOLOGIES[topology], recorded.arrivals, OBJECTIVES).waits
    found = {}
    for queue, objective in OBJECTIVES.items():
        measured = summarise(recorded.waits[queue], objective)
        if measured.runs != model[queue].runs:
            raise SystemExit(f"{queue}: {measured.runs} runs waited, {model[queue].runs} replayed")
        found[queue] = {
            "runs": measured.runs,
            "measured": measured.p95,
            "model": model[queue].p95,
        }
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
