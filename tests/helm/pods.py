"""The pods that rendered objects would make, whatever kind of object makes them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.helm.chart import Object

COMPONENT = "app.kubernetes.io/component"


@dataclass(frozen=True)
class Pod:
    """One pod template and the object that owns it."""

    owner: Object
    labels: dict[str, str]
    annotations: dict[str, str]
    spec: dict[str, Any]

    @property
    def name(self) -> str:
        return str(self.owner["metadata"]["name"])

    @property
    def kind(self) -> str:
        return str(self.owner["kind"])

    @property
    def role(self) -> str:
        return self.labels[COMPONENT]

    @property
    def containers(self) -> list[dict[str, Any]]:
        return [*self.spec.get("initContainers", []), *self.spec["containers"]]

    @property
    def main(self) -> dict[str, Any]:
        """The container that the pod is for."""
        (container,) = self.spec["containers"]
        return dict(container)

    @property
    def environment(self) -> dict[str, Any]:
        """The main container's variables: a text, or where it comes from."""
        return {
            entry["name"]: entry.get("value", entry.get("valueFrom"))
            for entry in self.main.get("env", [])
        }


def pods(objects: Iterable[Object]) -> list[Pod]:
    return list(_pods(objects))


def _pods(objects: Iterable[Object]) -> Iterator[Pod]:
    for owner in objects:
        if owner["kind"] == "Pod":
            template = owner
        elif owner["kind"] in {"Deployment", "StatefulSet", "DaemonSet", "Job"}:
            template = owner["spec"]["template"]
        elif owner["kind"] == "CronJob":
            template = owner["spec"]["jobTemplate"]["spec"]["template"]
        else:
            continue
        metadata = template["metadata"]
        yield Pod(owner, metadata["labels"], metadata.get("annotations") or {}, template["spec"])


def by_role(objects: Iterable[Object], role: str) -> list[Pod]:
    return [pod for pod in pods(objects) if pod.role == role]


def workers(objects: Iterable[Object]) -> dict[str, Pod]:
    """Returns the workers' pods by the name of the worker."""
    return {pod.labels["fiscal/worker"]: pod for pod in by_role(objects, "worker")}


def named(objects: Iterable[Object], kind: str, name: str) -> Object:
    """Returns the one object of this kind and name."""
    (found,) = (one for one in objects if (one["kind"], one["metadata"]["name"]) == (kind, name))
    return found
