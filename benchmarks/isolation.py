"""Does `high` wait longer while everything else is full? In each topology, beside plain Celery."""

import json
from typing import Any

from benchmarks.results import Result
from benchmarks.stage import SELENIUM, Stage

FLOOR = 25.0  # ms: below that an idle p99 is noise


def isolation(place: Stage) -> list[Result]:
    """Returns a result per topology, and prints what plain Celery does on the same slots."""
    return [_isolation_in(place, topology) for topology in ("one", "two", "three")]


def _isolation_in(place: Stage, topology: str) -> Result:
    ours, stock = (_waits(place, topology, kind) for kind in ("ours", "stock"))
    for kind, waits in (("ours", ours), ("stock", stock)):
        for load, found in waits.items():
            shown = ", ".join(f"{name} {value:.1f}" for name, value in found.items())
            print(f"  {topology} {kind} {load}: {shown} (ms)", flush=True)
    what = (
        f"wait of `high`, p99, topology {topology}: others full (ours) against idle, at least"
        f" {FLOOR:.0f} ms (baseline); plain Celery {stock['full']['p99']:.0f} ms;"
        f" ours beside runs that burn their core {ours['burning']['p99']:.0f} ms"
    )
    return Result(what, ours["full"]["p99"], max(ours["idle"]["p99"], FLOOR), "ms", most=1.5)


def _waits(place: Stage, topology: str, kind: str) -> dict[str, dict[str, Any]]:
    command = ["python", "-m", "benchmarks.waits", topology, kind]
    printed = place.run(command, "--shm-size=64m", image=SELENIUM, memory="1g")
    return dict(json.loads(printed.splitlines()[-1]))
