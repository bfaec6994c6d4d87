"""`python -m benchmarks [NAME ...]` prints ratios and keeps them: memory, cold-start, throughput,
isolation, lanes, calendar, notifications, probe, watching, page, advise, sii, sizes; all of them
where none is named.

Needs Docker and the images (`make up` or `docker compose build`). BENCH_CODE names a directory
whose code is measured in place of the images' own, to try what was not built yet. Ends with 1 where
a goal is missed.
"""

import sys
from collections.abc import Callable

from benchmarks.advise import advise
from benchmarks.calendar import calendar
from benchmarks.image_size import selenium_size, slim_size
from benchmarks.isolation import isolation
from benchmarks.lanes import lanes
from benchmarks.memory import memory
from benchmarks.notifications import notifications
from benchmarks.page import page
from benchmarks.probe import probe
from benchmarks.results import Result, keep
from benchmarks.sii import sii
from benchmarks.speed import cold_start, throughput
from benchmarks.stage import Stage, stage
from benchmarks.watching import watching

ON_STAGE: dict[str, Callable[[Stage], Result | list[Result]]] = {
    "memory": memory,
    "cold-start": cold_start,
    "throughput": throughput,
    "isolation": isolation,
    "lanes": lanes,
    "calendar": calendar,
    "notifications": notifications,
    "probe": probe,
    "watching": watching,
    "page": page,
    "advise": advise,
    "sii": sii,
}
SIZES = (slim_size, selenium_size)


def main(wanted: list[str]) -> int:
    """Measures what is wanted, or everything."""
    unknown = set(wanted) - ON_STAGE.keys() - {"sizes"}
    if unknown:
        print(f"unknown: {', '.join(sorted(unknown))}; {__doc__}", file=sys.stderr)
        return 64
    results: list[Result] = []
    if not wanted or "sizes" in wanted:
        results += [_shown(measure()) for measure in SIZES]
    chosen = [name for name in ON_STAGE if not wanted or name in wanted]
    if chosen:
        with stage() as place:
            for name in chosen:
                measured = ON_STAGE[name](place)
                measured = measured if isinstance(measured, list) else [measured]
                results += [_shown(result) for result in measured]
    keep(results)
    return 0 if all(result.meets_goal for result in results) else 1


def _shown(result: Result) -> Result:
    print(result.row, flush=True)
    return result


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
