"""What Kubernetes and Flower say of a release."""

from tests.kubernetes.release import Release
from tests.scenarios.workers import Queues
from tests.waiting import wait_until

KEPT = "deployments,statefulsets,jobs,pods,services,serviceaccounts,secrets,configmaps,pvc"
POLICIES = "networkpolicies,poddisruptionbudgets"


def flower_lists(release: Release, expected: Queues) -> None:
    """Waits until Flower lists exactly the expected workers as alive, each with its queues.

    It remembers those that a change of layout stopped, as offline.
    """

    def listed() -> Queues:
        alive = release.flower.get("api/workers", params={"status": "1"}).json()
        workers = release.flower.get("api/workers", params={"refresh": "1"}).json()
        return {
            node.split("@")[0]: [queue["name"] for queue in said.get("active_queues", [])]
            for node, said in workers.items()
            if alive.get(node)
        }

    wait_until(lambda: listed() == expected, timeout=60, what=f"Flower lists {expected}", every=1)


def pods(release: Release) -> set[str]:
    """Returns the uids of the pods that are there to stay."""
    return {pod["metadata"]["uid"] for pod in release.objects("pods", "!job-name")}


def termination_messages(release: Release, selector: str = "job-name") -> list[str]:
    """Returns the last words of containers that ended, of the jobs' by default."""
    return [
        ended["message"]
        for pod in release.objects("pods", selector)
        for container in pod["status"].get("containerStatuses", [])
        for state in (container["state"], container.get("lastState", {}))
        if (ended := state.get("terminated", {})).get("message")
    ]


def what_is_left(release: Release) -> set[str]:
    """Returns kind and name of every object of the release."""
    return {
        f"{one['kind']}/{one['metadata']['name']}" for one in release.objects(f"{KEPT},{POLICIES}")
    }
