"""How soon a worker works, and how fast it goes through no-op runs, against plain Celery."""

from benchmarks.results import Result, alternating_medians
from benchmarks.stage import Stage


def cold_start(place: Stage) -> Result:
    """Compares the time from the start of the process to the first finished run.

    Ours includes the entrypoint's checks and its wait for the schema.
    """
    ours, bare = alternating_medians(lambda kind: place.measure("first", kind), rounds=7)
    return Result("cold start to the first finished run", ours, bare, "s", most=1.5)


def throughput(place: Stage) -> Result:
    """Compares finished no-op runs per second, each with its states in Postgres."""
    ours, bare = alternating_medians(lambda kind: place.measure("rate", kind), rounds=9)
    return Result("no-op runs per second, states in Postgres", ours, bare, "/s", least=1.0)
