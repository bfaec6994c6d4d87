"""The waits of one queue over the last hour: a bar per minute on a logarithmic scale.

The scale is the same for every queue, so that two charts side by side compare.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from app.services.operations import Wait

WIDTH, HEIGHT = 360, 132
LEFT, RIGHT, TOP, BOTTOM = 44, 352, 8, 112  # of the bars
SHORTEST, LONGEST = 0.001, 6 * 3600.0  # s
TICKS = (0.01, 1, 60, 3600)  # s


@dataclass(frozen=True)
class Bar:
    """A minute: `top` up to its p95, `median` up to its median."""

    x: float
    width: float
    top: float
    median: float


@dataclass(frozen=True)
class Chart:
    """What the template draws. `ticks`: seconds and their height."""

    bars: Sequence[Bar]
    ticks: Sequence[tuple[float, float]]
    objective: float


def chart_of(waits: Sequence[Wait], queue: str, objective: float) -> Chart:
    """Returns the chart of a queue; `objective` in seconds."""
    step = (RIGHT - LEFT) / 60
    bars = [
        Bar(LEFT + wait.minute * step, step * 0.72, _height(wait.p95), _height(wait.median))
        for wait in waits
        if wait.queue == queue and wait.minute is not None
    ]
    return Chart(bars, [(tick, _height(tick)) for tick in TICKS], _height(objective))


def _height(seconds: float) -> float:
    """Returns how far below the top a wait lies; the shortest still shows as a line."""
    share = math.log(max(seconds, SHORTEST) / SHORTEST) / math.log(LONGEST / SHORTEST)
    return round(BOTTOM - 3 - min(share, 1.0) * (BOTTOM - TOP - 3), 1)
