"""The guide's way from one worker to two and back, step by step, while runs keep coming."""

from collections.abc import Callable

from tests.bundle import Bundle
from tests.scenarios.load import Load
from tests.scenarios.workers import declared, done_by, fiscal_probe, wait_for_consumers


def assert_two_workers_roll_out_and_back(
    bundle: Bundle, to_two: Callable[[], None], to_one: Callable[[], None]
) -> None:
    """Starts and ends with topology one; `to_two` and `to_one` are what an operator types."""
    wait_for_consumers(bundle, declared("one"))
    with Load(bundle) as load:
        to_two()
        wait_for_consumers(bundle, declared("two"))
        fiscal_probe(bundle, "high=fast", "default=fast", "low=slow")

        bundle.stop("slow")
        fiscal_probe(bundle, "high=fast", "default=fast")
        waiting = bundle.publish(("system.probe", "low", {}))
        assert bundle.depth("low") >= len(waiting)

        to_one()
        wait_for_consumers(bundle, declared("one"))
        bundle.wait_for_runs(waiting)
        assert done_by(bundle, waiting) == {"all"}
        fiscal_probe(bundle, "high=all", "default=all", "low=all")
    load.assert_all_done_once()
