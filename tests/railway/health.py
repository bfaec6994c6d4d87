"""What it takes to call a service healthy, by its role."""

from collections.abc import Callable

import httpx

from app.infrastructure.celery.topology import TOPOLOGIES
from tests.railway.runner import Container, Project, config
from tests.waiting import wait_until

START_SECONDS = 60
QUEUES = {w.name: w.queues for workers in TOPOLOGIES.values() for w in workers}


def wait_until_healthy(project: Project, service: str, container: Container) -> None:
    """Returns when the service does its work; fails when it does not."""
    role, _, worker = service.partition("-")
    if role == "worker":
        probe(container, worker)
    elif role == "beat":
        wait_until(lambda: "beat: running" in container.log(), START_SECONDS, what="a running beat")
    else:
        ROLES_WITH_A_PORT[role](container.url(project.values["PORT"]))


def wait_for_api(url: str) -> None:
    """Asks as Railway does before it sends traffic there."""
    path = config("api")["deploy"]["healthcheckPath"]
    wait_until(lambda: status(url + path) == 200, START_SECONDS, what="a healthy API")


def wait_for_flower(url: str) -> None:
    """Asks for the one open address, and whether the others are closed."""
    wait_until(lambda: status(f"{url}/flower/healthcheck") == 200, START_SECONDS, what="Flower")
    assert status(f"{url}/flower/") == 401


def wait_for_metrics(url: str) -> None:
    """Asks for the one open address, and whether the others are closed."""
    wait_until(lambda: status(f"{url}/health") == 200, START_SECONDS, what="the metrics")
    assert status(f"{url}/metrics") == 401


ROLES_WITH_A_PORT: dict[str, Callable[[str], None]] = {
    "api": wait_for_api,
    "flower": wait_for_flower,
    "metrics": wait_for_metrics,
}


def probe(container: Container, worker: str) -> None:
    """Sends a run through each queue of a worker; fails unless that worker ran them all."""
    expected = [f"{queue}={worker}" for queue in QUEUES[worker]]
    container.execute("fiscal", "probe", "--timeout", str(START_SECONDS), *expected)


def status(url: str) -> int:
    """Returns the status of an address, 0 where nobody answers."""
    try:
        return httpx.get(url, timeout=5).status_code
    except httpx.TransportError:
        return 0
