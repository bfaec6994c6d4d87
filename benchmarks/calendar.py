"""Do ten times as many companies cost ten times as much, and no more memory?"""

import json

from benchmarks.results import Result
from benchmarks.stage import Stage

FEW, MANY = 10_000, 100_000
PARTS = {
    "fan-out": "fan-out of the calendar",
    "first": "first sync of each calendar",
    "second": "nightly sync of each calendar",
}


def calendar(place: Stage) -> list[Result]:
    """Compares MANY companies (ours) with FEW (baseline): seconds of each part, peak memory.

    FEW are measured before and after: MANY take half an hour, in which a machine changes its pace.
    """
    before, many, after = (_measured(place, count) for count in (FEW, MANY, FEW))
    few = {name: (before[name] + after[name]) / 2 for name in before}
    what = f"{MANY} companies against {FEW}"
    results = [
        Result(f"{text}, {what}", many[part], few[part], "s", most=11.0)
        for part, text in PARTS.items()
    ]
    memory = (many["second MiB"], few["second MiB"])
    return [*results, Result(f"peak memory of the calendar, {what}", *memory, "MiB", most=1.25)]


def _measured(place: Stage, count: int) -> dict[str, float]:
    printed = place.run(["python", "-m", "benchmarks.calendar_inside", str(count)])
    measured: dict[str, float] = json.loads(printed.splitlines()[-1])
    print(
        f"  {count} companies:", *(f"{part} {measured[part]:.2f} s" for part in PARTS), flush=True
    )
    return measured
