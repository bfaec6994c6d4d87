"""What it costs to be watched: metrics, events and traces, and the memory of the metrics role."""

from benchmarks.results import Result, alternating_medians
from benchmarks.stage import Stage

ALLOWED_MIB = 80.0


def watching(place: Stage) -> list[Result]:
    """Compares the fast worker's no-op runs per second with each kind of watching and without.

    Watched, its events are on and the metrics role beside it is asked every second, fifteen times
    as often as Prometheus asks; unwatched, nobody asks and the worker sends no events.
    """
    results = []
    kinds = {"metrics and events": ("watched", "unwatched"), "traces": ("traced", "untraced")}
    for what, (on, off) in kinds.items():
        with_it, without = alternating_medians(
            lambda kind, on=on: _measure(place, on if kind == "ours" else kind),  # type: ignore[misc]
            rounds=5,
            baseline=off,
        )
        row = f"no-op runs per second, with {what} / without"
        results.append(Result(row, with_it, without, "/s", least=0.95))
    what = "memory of the metrics role after 100 000 runs / 80 MiB"
    results.append(Result(what, _measure(place, "memory"), ALLOWED_MIB, "MiB", most=1.0))
    return results


def _measure(place: Stage, what: str) -> float:
    command = ["python", "-m", "benchmarks.watching_inside", what]
    return float(place.run(command, memory="1g").split()[-1])
