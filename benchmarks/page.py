"""What the first look at the operations page costs, with a full ledger and with an empty one."""

from benchmarks.results import Result, alternating_medians
from benchmarks.stage import Stage

RUNS = 10_000
ALLOWED_MS = 300.0


def page(place: Stage) -> list[Result]:
    """Compares the server's time for a first paint: a ledger of RUNS (ours) with an empty one."""
    full, empty = alternating_medians(
        lambda kind: _measure(place, RUNS if kind == "ours" else 0), rounds=5, baseline="empty"
    )
    what = f"first paint of /ops, {RUNS} runs in the ledger"
    return [
        Result(f"{what} / none", full, empty, "ms", most=1.5),
        Result(f"{what} / {ALLOWED_MS:.0f} ms", full, ALLOWED_MS, "ms", most=1.0),
    ]


def _measure(place: Stage, runs: int) -> float:
    command = ["python", "-m", "benchmarks.page_inside", str(runs)]
    return float(place.run(command).split()[-1])
