"""Each file starts its service: healthy, below tini, and gone in the time that the file gives."""

import pytest

from app.infrastructure.celery.topology import TOPOLOGIES
from tests.railway.health import wait_until_healthy
from tests.railway.runner import Project, documented_variables
from tests.topology.railway_reader import SERVICES, services


@pytest.mark.parametrize("service", SERVICES)
def test_a_file_starts_its_service_and_sigterm_ends_it_in_time(
    project: Project, service: str
) -> None:
    container = project.start(service)
    wait_until_healthy(project, service, container)

    assert container.execute("cat", "/proc/1/comm") == "tini"
    assert container.stop() == 0, container.log()


@pytest.mark.parametrize("topology", TOPOLOGIES)
def test_the_readme_names_the_variables_that_the_project_file_sets(topology: str) -> None:
    for name, node in services(topology).items():
        assert set(documented_variables(name)) == set(node["variables"]), name


@pytest.mark.parametrize("keep_entrypoint", [True, False])
def test_the_pre_deploy_command_is_right_with_and_without_the_image_s_entrypoint(
    project: Project, keep_entrypoint: bool
) -> None:
    assert "schedule: nothing is missing" in project.migrate(keep_entrypoint)
