"""What the first look at the operations page costs, with a full ledger and with an empty one."""

from benchmarks.results import Result, alternating_medians
from benchmarks.stage import Stage

RUNS = 10_000
ALLOWED_MS = 300.0
DAY, HOUR = 24 * 60, 59  # min over which the runs are spread


def page(place: Stage) -> list[Result]:
    """Compares the server's time for a first paint: a ledger of RUNS of a day (ours) with an empty
    one. All of them in the hour that the page draws is reported beside it, and held to ALLOWED_MS.
    """
    full, empty = alternating_medians(
        lambda kind: _measure(place, RUNS if kind == "ours" else 0, DAY), rounds=5, baseline="empty"
    )
    busy = _measure(place, RUNS, HOUR)
    what = f"first paint of /ops, {RUNS} runs"
    beside = f"{what} of a day / none; all of the last hour {busy:.1f} ms"
    return [
        Result(beside, full, empty, "ms", most=1.5),
        Result(f"{what} of the last hour / {ALLOWED_MS:.0f} ms", busy, ALLOWED_MS, "ms", most=1.0),
    ]


def _measure(place: Stage, runs: int, minutes: int) -> float:
    command = ["python", "-m", "benchmarks.page_inside", str(runs), str(minutes)]
    return float(place.run(command).split()[-1])
