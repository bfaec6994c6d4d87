"""The guide's rollout of two workers and its rollback, on Compose."""

from tests.integration.stack import Stack
from tests.scenarios.rollout import assert_two_workers_roll_out_and_back


def test_two_workers_roll_out_and_back_and_lose_nothing(images: None) -> None:
    with Stack("one") as stack:

        def to_two() -> None:
            stack.start("fast", "slow")
            stack.stop("all")

        def to_one() -> None:
            stack.start("all")
            stack.stop("fast")

        assert_two_workers_roll_out_and_back(stack, to_two, to_one)
