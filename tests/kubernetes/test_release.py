"""The chart on a real Kubernetes: it comes up, changes its layout and finds its data again."""

from app.infrastructure.celery.topology import QUEUES, TOPOLOGIES
from tests.kubernetes.cluster import ROOT
from tests.kubernetes.release import Release
from tests.waiting import wait_until

EXAMPLES = ROOT / "deploy" / "helm" / "examples"


def declared(topology: str) -> dict[str, set[str]]:
    return {worker.name: set(worker.queues) for worker in TOPOLOGIES[topology]}


def answers(release: Release, expected: dict[str, set[str]]) -> None:
    wait_until(lambda: release.workers() == expected, timeout=120, what=f"workers {expected}")


def test_runs_that_flow_survive_each_change_of_layout_and_data_a_reinstall() -> None:
    with Release("fiscal-test-layouts") as release:
        release.helm("install", "--wait", "--timeout", "5m")
        release.helm("test")
        answers(release, declared("one"))
        published: list[str] = []
        for topology in ("two", "three", "one"):
            published += release.publish(*[("system.probe", queue, {}) for queue in QUEUES] * 20)
            release.helm("upgrade", "--set", f"topology={topology}")
            published += release.publish(*[("system.probe", queue, {}) for queue in QUEUES] * 20)
            release.wait_until_ready()
            answers(release, declared(topology))
            release.helm("test")
        finished = release.wait_for_runs(published)
        assert {run["state"] for run in finished} == {"succeeded"}
        assert len(finished) == len(published) == len({run["id"] for run in finished})

        release.helm("rollback", "2", "--wait", "--timeout", "5m")
        answers(release, declared("two"))

        kept = {secret["metadata"]["uid"] for secret in release.objects("secrets")
                if secret["metadata"]["name"] == "fiscal"}  # fmt: skip
        release.helm("uninstall", "--wait")
        wait_until(lambda: not release.objects("pods"), timeout=120, what="no pod")
        assert release.objects("deployments,statefulsets,jobs,services,networkpolicies") == []
        claims = {claim["metadata"]["name"] for claim in release.objects("pvc")}
        assert claims == {"data-fiscal-postgres-0", "data-fiscal-redis-0"}
        release.helm("install", "--set", "topology=three", "--wait", "--timeout", "5m")
        assert kept == {secret["metadata"]["uid"] for secret in release.objects("secrets")
                        if secret["metadata"]["name"] == "fiscal"}  # fmt: skip
        assert len(release.wait_for_runs(published)) == len(published)


def test_a_restricted_namespace_runs_the_demo_to_the_portal_s_truth() -> None:
    with Release("fiscal-test-demo", restricted=True) as release:
        values = ("--set", "topology=two,demo.enabled=true")
        release.helm("install", *values, "--atomic", "--timeout", "5m")
        assert "equal" in release.execute("api", "fiscal", "demo")
        ran = release.query("SELECT DISTINCT worker, queue FROM runs WHERE worker IS NOT NULL")
        own = declared("two")
        assert [row for row in ran if row["queue"] not in own[row["worker"].split("@")[0]]] == []


def test_a_fourth_worker_is_values_alone() -> None:
    with Release("fiscal-test-fourth") as release:
        file = str(EXAMPLES / "fourth-worker.yaml")
        release.helm("install", "--values", file, "--wait", "--timeout", "5m")
        release.helm("test")
        consumers = [name for name, queues in release.workers().items() if "low" in queues]
        assert len(release.workers()) == 4
        assert len(consumers) == 2
