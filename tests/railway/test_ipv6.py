"""Environments from before October 2025 have a private network without IPv4; so may a next one."""

import pytest

from tests.railway.health import ROLES_WITH_A_PORT, START_SECONDS, probe, wait_until_healthy
from tests.railway.runner import Container, Project, config
from tests.topology.railway_reader import SERVICES
from tests.waiting import wait_until

ASK = """
import sys, urllib.error, urllib.request
try:
    print(urllib.request.urlopen(sys.argv[1], timeout=5).status)
except urllib.error.HTTPError as error:
    print(error.code)
except OSError:
    print(0)
"""


def ask(project: Project, container: Container, host: str, path: str) -> int:
    """Asks another service by its private name, from within a container; returns the status."""
    url = f"http://{host}.railway.internal:{project.values['PORT']}{path}"
    return int(container.execute("python", "-c", ASK, url))


def has_ipv4(container: Container) -> bool:
    """An interface with an IPv4 address has a route; the first line is the table's head."""
    return len(container.execute("cat", "/proc/net/route").splitlines()) > 1


@pytest.mark.parametrize(
    ("service", "healthy", "closed"),
    [
        ("api", config("api")["deploy"]["healthcheckPath"], "/companies"),
        ("flower", "/flower/healthcheck", "/flower/"),
        ("metrics", "/health", "/metrics"),
    ],
)
def test_a_service_is_reached_by_its_private_name_without_ipv4(
    ipv6_project: Project, service: str, healthy: str, closed: str
) -> None:
    asked = ipv6_project.start(service)
    fast = ipv6_project.start("worker-fast")  # the later one knows the names of all before it

    wait_until(
        lambda: ask(ipv6_project, fast, service, healthy) == 200, START_SECONDS, what=service
    )
    assert ask(ipv6_project, fast, service, closed) == 401
    probe(fast, "fast")
    assert not has_ipv4(asked)
    assert not has_ipv4(fast)
    assert (asked.stop(), fast.stop()) == (0, 0)


@pytest.mark.parametrize("service", [name for name in SERVICES if name not in ROLES_WITH_A_PORT])
def test_a_service_without_a_port_does_its_work_without_ipv4(
    ipv6_project: Project, service: str
) -> None:
    container = ipv6_project.start(service)
    wait_until_healthy(ipv6_project, service, container)

    assert not has_ipv4(container)
    assert container.stop() == 0, container.log()
