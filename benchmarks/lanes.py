"""What lanes cost: throughput and idle CPU of the fast worker with them and without."""

from benchmarks.results import Result, alternating_medians
from benchmarks.stage import Stage


def lanes(place: Stage) -> list[Result]:
    """Compares the same worker with slots per queue and without.

    For throughput every slot may be taken, so that the lanes' own work is measured and not the
    slot that they keep free.
    """
    free, without = alternating_medians(
        lambda kind: place.measure("rate", "lanes" if kind == "ours" else kind), 5, "no-lanes"
    )
    busy = Result("no-op runs per second, with lanes / without", free, without, "/s", least=0.95)
    ours, none = alternating_medians(lambda kind: place.measure("idle-cpu", kind), 3, "no-lanes")
    idle = Result("CPU of the idle worker in 30 s, lanes / without", ours, none, "s", most=1.05)
    return [busy, idle]
