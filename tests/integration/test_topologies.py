"""One worker does everything, and a change of layout loses nothing."""

from app.infrastructure.celery.topology import QUEUES
from tests.integration.stack import Stack
from tests.waiting import wait_until


def workers(stack: Stack) -> set[str]:
    rows = stack.query("SELECT DISTINCT worker FROM runs WHERE worker IS NOT NULL")
    return {row["worker"].split("@")[0] for row in rows}


def test_queued_runs_survive_each_change_of_layout(images: None) -> None:
    with Stack("workers") as stack:
        stack.docker("compose", "--profile", "workers", "stop", "fast", "slow")
        queued = stack.publish(*[("system.probe", queue, {}) for queue in QUEUES])

        stack.profile = "one"
        stack.type("docker compose --profile '*' down")
        stack.type("docker compose up -d")
        finished = stack.wait_for_runs(queued)
        assert {run["queue"] for run in finished} == set(QUEUES)
        assert workers(stack) == {"all"}
        # Chrome is there, and its driver is of the same version.
        chromium = stack.execute("all", "chromium", "--version").split()[1]
        assert chromium in stack.execute("all", "chromedriver", "--version")

        # A second layout beside it is reported by the worker that starts.
        stack.docker("compose", "--profile", "three", "up", "--detach", "--wait")
        wait_until(
            lambda: (
                "Workers of another topology are alive: all@"
                in stack.docker("compose", "--profile", "*", "logs", "high")
            ),
            what="the report of the new worker",
            every=0.5,
        )
