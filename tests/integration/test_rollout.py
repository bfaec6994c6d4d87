"""The guide's rollout of two workers and its rollback, on Compose."""

from tests.integration.stack import Stack
from tests.scenarios.rollout import assert_two_workers_roll_out_and_back


def test_two_workers_roll_out_and_back_and_lose_nothing(images: None) -> None:
    with Stack("one") as stack:

        def to_two() -> None:
            stack.type("docker compose --profile workers up -d --no-recreate --wait fast slow")
            stack.type("docker compose --profile '*' rm -sf all")

        def to_one() -> None:
            stack.type("docker compose --profile one up -d --no-recreate --wait all")
            stack.type("docker compose --profile '*' rm -sf fast slow")

        assert_two_workers_roll_out_and_back(stack, to_two, to_one)
