"""The rules of Pod Security's level `restricted`, restated.

https://kubernetes.io/docs/concepts/security/pod-security-standards, read for Kubernetes 1.34; those
of Windows and of fields that the chart cannot set are refused as a whole.
"""

from collections.abc import Iterator
from typing import Any

VOLUMES = {
    "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim",
    "projected", "secret",
}  # fmt: skip
POD_FIELDS = {
    "runAsNonRoot", "runAsUser", "runAsGroup", "fsGroup", "fsGroupChangePolicy", "seccompProfile",
    "supplementalGroups",
}  # fmt: skip
CONTAINER_FIELDS = {
    "allowPrivilegeEscalation", "readOnlyRootFilesystem", "capabilities", "runAsNonRoot",
    "runAsUser", "runAsGroup", "seccompProfile",
}  # fmt: skip

Spec = dict[str, Any]


def violations(spec: Spec) -> list[str]:
    """Returns what `restricted` would refuse in a pod's spec, one sentence each."""
    return [*_of_the_pod(spec), *_of_the_containers(spec)]


def _of_the_pod(spec: Spec) -> Iterator[str]:
    for namespace in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(namespace):
            yield f"{namespace} is on"
    for volume in spec.get("volumes", []):
        for kind in volume.keys() - {"name"} - VOLUMES:
            yield f"volume {volume['name']} is a {kind}"
    for field in spec.get("securityContext", {}).keys() - POD_FIELDS:
        yield f"securityContext sets {field}"


def _of_the_containers(spec: Spec) -> Iterator[str]:
    pod = spec.get("securityContext", {})
    for container in [*spec.get("initContainers", []), *spec["containers"]]:
        own = container.get("securityContext", {})
        for fault in _of_a_container(container, own, pod | own):
            yield f"container {container['name']}: {fault}"


def _of_a_container(container: Spec, own: Spec, effective: Spec) -> Iterator[str]:
    for field in own.keys() - CONTAINER_FIELDS:
        yield f"securityContext sets {field}"
    if own.get("allowPrivilegeEscalation") is not False:
        yield "privileges may escalate"
    capabilities = own.get("capabilities", {})
    if "ALL" not in capabilities.get("drop", []):
        yield "capabilities are not dropped"
    if set(capabilities.get("add", [])) - {"NET_BIND_SERVICE"}:
        yield "capabilities are added"
    if effective.get("runAsNonRoot") is not True or effective.get("runAsUser") == 0:
        yield "it may run as root"
    if effective.get("seccompProfile", {}).get("type") not in ("RuntimeDefault", "Localhost"):
        yield "it has no seccomp profile"
    for port in container.get("ports", []):
        if port.get("hostPort"):
            yield f"port {port['hostPort']} of the node is taken"
