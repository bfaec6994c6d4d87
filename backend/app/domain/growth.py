"""More arrivals of the same kind: what a day looks like with twice the companies."""

from collections.abc import Sequence
from random import Random

from app.domain.replay import Arrival

# s. A copy comes before the next run of its task, and this much later at most. So the copies of a
# burst are in the burst, and those of runs that come one by one come close behind them: rather a
# little too dense than spread over the day.
FARTHEST = 60.0


def grow(arrivals: Sequence[Arrival], factor: float, seed: int) -> list[Arrival]:
    """Returns `factor` times as many arrivals, sorted as the given ones are.

    Each stays and gets copies of the same task and run time; half a copy is one of every second
    arrival, drawn at random, and a factor below 1 leaves arrivals out. The same seed, the same
    result. Everything grows alike, beat's own entries, retries and what came before the window too.
    """
    random = Random(seed)
    grown: list[Arrival] = []
    next_of: dict[str, float] = {}
    for arrival in reversed(arrivals):
        number = int(factor) + (random.random() < factor % 1)
        gap = min(next_of.get(arrival.task, arrival.at + FARTHEST) - arrival.at, FARTHEST)
        next_of[arrival.task] = arrival.at
        if number:
            grown.append(arrival)
        grown.extend(
            arrival._replace(at=arrival.at + gap * random.random()) for _ in range(number - 1)
        )
    return sorted(grown, key=lambda arrival: arrival.at)
