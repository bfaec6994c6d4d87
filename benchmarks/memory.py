"""Memory of the idle fast worker, all its processes, against plain Celery."""

import time

from benchmarks.kinds import CONCURRENCY, KINDS, MAX_TASKS_PER_CHILD, command, environment
from benchmarks.results import Result, alternating_medians
from benchmarks.stage import SLIM, Stage, docker

SETTLE = 3  # s of rest after the last run
# Shells share next to nothing with Python, so that looking does not make the worker look smaller.
LOOK = """for p in /proc/[0-9]*; do
  case "$(cat $p/comm 2>/dev/null)" in sh|cat) continue;; esac
  cat $p/smaps_rollup 2>/dev/null
done"""


def memory(place: Stage) -> Result:
    """Compares PSS after a few no-op runs, so that both have opened what they keep open."""
    ours, bare = alternating_medians(lambda kind: _idle_mib(place, kind), rounds=3)
    what = f"memory of the idle fast worker, PSS, concurrency {CONCURRENCY}"
    return Result(what, ours, bare, "MiB", most=1.35)


def _idle_mib(place: Stage, name: str) -> float:
    kind = KINDS[name]
    told = environment(kind, MAX_TASKS_PER_CHILD)
    options = [f"--env={key}={told[key]}" for key in told if key.startswith(("CELERY_", "SECRET"))]
    container = docker(
        "run", "-d", *options, *place.arguments(), SLIM, *command(kind, MAX_TASKS_PER_CHILD)
    )
    try:
        place.measure("feed", name)
        time.sleep(SETTLE)
        return _pss_kib(docker("exec", container, "sh", "-c", LOOK)) / 1024
    except SystemExit:
        print(docker("logs", "--tail", "30", container))
        raise
    finally:
        docker("rm", "-f", container)


def _pss_kib(rollups: str) -> int:
    sizes = [int(line.split()[1]) for line in rollups.splitlines() if line.startswith("Pss:")]
    if len(sizes) <= CONCURRENCY:
        raise SystemExit(
            f"expected a parent and {CONCURRENCY} children, saw {len(sizes)} processes"
        )
    return sum(sizes)
