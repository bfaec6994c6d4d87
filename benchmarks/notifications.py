"""10 000 due notifications against a provider of 50 ms, and a run that finds nothing due.

Both run in the slim image beside the stage's Postgres; the provider is a container of its own.
"""

from benchmarks.results import Result, alternating_medians
from benchmarks.stage import Stage

NUMBER, SECONDS, PARALLEL = 10_000, 0.05, 20
PERFECT = NUMBER * SECONDS / PARALLEL


def notifications(place: Stage) -> list[Result]:
    """Compares the time for all with what the provider alone would need, the memory after all
    with that after a tenth, and the CPU of an empty run with that of one that does nothing."""
    shown = place.run(["python", "-m", "benchmarks.notifications_inside", "send"], memory="1g")
    took, early, late = (float(each) for each in shown.split()[-3:])
    ours, bare = alternating_medians(
        lambda kind: float(
            place.run(["python", "-m", "benchmarks.notifications_inside", kind]).split()[-1]
        ),
        rounds=3,
    )
    return [
        Result("10 000 notifications, provider of 50 ms, 20 at a time", took, PERFECT, "s", 1.25),
        Result("memory of the sender after all / after a tenth", late, early, "MiB", 1.1),
        # 20 ms of CPU are allowed; what a bare run costs differs from machine to machine.
        Result(
            "CPU of a run that finds nothing due, over a bare run's", ours, bare, "ms", 20 / bare
        ),
    ]
