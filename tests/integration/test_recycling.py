"""The slow worker's child is replaced every ten runs, and its memory does not grow."""

from tests.integration.stack import Stack

RUNS = 100


def memory(stack: Stack) -> int:
    """Returns the bytes that the processes of the slow worker hold (PSS, so shared once)."""
    script = "cat /proc/[0-9]*/smaps_rollup 2>/dev/null | awk '/^Pss:/ {s += $2} END {print s}'"
    return int(stack.execute("slow", "sh", "-c", script)) * 1024


def test_a_hundred_low_runs_recycle_the_child_and_leave_memory_flat(two: Stack) -> None:
    two.wait_for_runs(two.publish(*[("system.probe", "low", {})] * 20))
    before = memory(two)
    finished = two.wait_for_runs(two.publish(*[("system.probe", "low", {})] * RUNS), timeout=240)
    children = {run["result"]["pid"] for run in finished}
    assert RUNS // 10 <= len(children) <= RUNS // 10 + 1
    assert memory(two) <= before * 1.1
