"""What `helm template` renders, read as the values that `topology.py` declares."""

import re
from functools import cache
from typing import Any

from app.infrastructure.celery.topology import Worker
from tests.helm.chart import render
from tests.helm.pods import Pod, workers
from tests.topology.worker_environment import worker_from

BYTES = {"Ki": 1024, "Mi": 1024**2, "Gi": 1024**3, "k": 10**3, "M": 10**6, "G": 10**9, "": 1}


@cache
def read_helm(topology: str) -> dict[str, Worker]:
    """Returns the workers that the chart deploys for a topology, by name."""
    return {
        name: read_worker(pod)
        for name, pod in workers(render(None, f"topology={topology}")).items()
    }


def read_worker(pod: Pod) -> Worker:
    return worker_from(
        pod.environment,
        image=re.fullmatch(r"fiscal-(\w+):.*", pod.main["image"])[1],
        memory_mib=mebibytes(pod.main["resources"]["limits"]["memory"]),
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
    assert mounted[0]["medium"] == "Memory", f"/dev/shm of {pod.name} is on disk"
    return mebibytes(mounted[0]["sizeLimit"])


def mebibytes(quantity: Any) -> int:
    """Reads a Kubernetes quantity of bytes, e.g. 1536Mi; anything but whole MiB is a slip."""
    number, unit = re.fullmatch(r"(\d+)([A-Za-z]*)", str(quantity)).groups()
    whole, rest = divmod(int(number) * BYTES[unit], 1024**2)
    assert rest == 0, f"{quantity} is no whole MiB"
    return whole
