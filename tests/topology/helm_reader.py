"""What `helm template` renders, read as the values that `topology.py` declares."""

import re
from functools import cache

from app.infrastructure.celery.topology import Worker
from tests.helm.chart import HelmRefused, Object, chart_file, render
from tests.helm.pods import Pod, pods, workers
from tests.helm.sets import DEMO
from tests.topology.amounts import mebibytes_of
from tests.topology.service import Service, maxmemory
from tests.topology.worker_environment import worker_from

ELSEWHERE = {"worker", "seed", "test"}
ANY = {
    "name": "any", "image": "selenium", "queues": ["high", "default", "low"], "queueSlots": {},
    "shmSize": "1Mi", "handOverSeconds": 0, "softShutdownSeconds": 1,
    "terminationGracePeriodSeconds": 2, "resources": {},
}  # fmt: skip


@cache
def read_helm(topology: str) -> dict[str, Worker]:
    """Returns the workers that the chart deploys for a topology, by name.

    Where the chart refuses its own values, its sentence knows nothing of the other platforms: then
    what the values say is read.
    """
    try:
        objects = render(None, f"topology={topology}")
    except HelmRefused:
        values = chart_file("values.yaml")
        listed = values["topologies"][topology]
        return {one["name"]: said_worker(values["workerDefaults"] | one) for one in listed}
    return {name: read_worker(pod) for name, pod in workers(objects).items()}


def said_worker(said: Object) -> Worker:
    return Worker(
        name=said["name"],
        queues=tuple(said["queues"]),
        concurrency=said["concurrency"],
        max_tasks_per_child=said["maxTasksPerChild"],
        slots=said.get("queueSlots", {}),
        soft_shutdown_seconds=said["softShutdownSeconds"],
        image=said["image"],
        memory_mib=mebibytes_of(said["resources"]["limits"]["memory"]),
        shm_mib=mebibytes_of(said.get("shmSize", 0)),
        grace_seconds=said["terminationGracePeriodSeconds"],
    )


def read_worker(pod: Pod) -> Worker:
    return worker_from(
        pod.environment,
        image=re.fullmatch(r"fiscal-(\w+):.*", pod.main["image"])[1],
        memory_mib=mebibytes_of(pod.main["resources"]["limits"]["memory"]),
        shm_mib=shared_memory_mib(pod),
        grace_seconds=pod.spec["terminationGracePeriodSeconds"],
    )


def shared_memory_mib(pod: Pod) -> int:
    """Returns the size of the memory that is mounted at /dev/shm; 0 where nothing is."""
    mounted = [
        volume["emptyDir"]
        for volume in pod.spec["volumes"]
        for mount in pod.main["volumeMounts"]
        if (mount["mountPath"], mount["name"]) == ("/dev/shm", volume["name"])
    ]
    if not mounted:
        return 0
    assert mounted[0].get("medium") == "Memory", f"/dev/shm of {pod.name} is on disk"
    return mebibytes_of(mounted[0]["sizeLimit"])


def read_helm_services() -> dict[str, Service]:
    """Returns everything else by its role, but for what Compose runs inside the API.

    Beside any worker: one of ours that the chart refuses is a matter of its own.
    """
    found = pods(render({"topology": "any", "topologies": {"any": [ANY]}, **DEMO}))
    return {pod.role: read_service(pod) for pod in found if pod.role not in ELSEWHERE}


def read_service(pod: Pod) -> Service:
    grace = pod.spec.get("terminationGracePeriodSeconds")
    # Kubernetes counts the pause before SIGTERM, too.
    pause = pod.main.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
    return Service(
        memory_mib=mebibytes_of(pod.main["resources"]["limits"]["memory"]),
        grace_seconds=grace - pause if grace else None,
        shm_mib=shared_memory_mib(pod),
        maxmemory_mib=maxmemory(" ".join(pod.main.get("args", []))),
    )
