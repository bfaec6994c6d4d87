"""The shipped Compose files, as the real `docker compose` resolves them."""

import json
import re

import pytest

from app.infrastructure.celery.topology import TOPOLOGIES
from tests.topology.amounts import mebibytes
from tests.topology.compose_reader import (
    PRODUCTION,
    PROFILES,
    compose_config,
    production_project,
    project,
    services,
    workers_of,
)

ONE_SHOT = {"secrets", "migrate"}
WORKER_GROUPS = {"redis", "postgres", "keys", "channels"}
READ_GROUPS = {
    "redis": {"redis"},
    "postgres": {"postgres"},
    "migrate": {"postgres"},
    "api": {"redis", "postgres", "keys", "api", "webhooks"},
    "beat": {"redis", "postgres"},
    "flower": {"redis", "flower"},
    "metrics": {"redis", "postgres", "metrics"},
    "prometheus": {"metrics"},
    "grafana": {"metrics"},
    "simulator": {"channels", "webhooks"},
} | {worker.name: WORKER_GROUPS for workers in TOPOLOGIES.values() for worker in workers}
SECRET_NAMES = re.compile(r"PASSWORD|TOKEN|KEY|AUTH$|^(DATABASE|REDIS)_URL")

each_topology = pytest.mark.parametrize("topology", TOPOLOGIES)
each_layout = pytest.mark.parametrize("topology", [*TOPOLOGIES, "monitored"])


def secret_mounts(service: dict) -> dict[str, bool]:
    """Returns the groups of secrets that a service mounts, and whether only to read."""
    return {
        mount["target"].removeprefix("/run/fiscal/secrets/"): mount.get("read_only", False)
        for mount in service.get("volumes", [])
        if mount["target"].startswith("/run/fiscal/secrets")
    }


def test_without_a_profile_the_one_worker_layout_starts() -> None:
    answer = compose_config()

    assert json.loads(answer.stdout) == project("one")


@pytest.mark.parametrize("profile", PROFILES.values())
def test_a_profile_on_the_command_line_replaces_the_default_one(profile: str) -> None:
    chosen = next(topology for topology, name in PROFILES.items() if name == profile)
    names = {worker.name for worker in TOPOLOGIES[chosen]}

    assert set(workers_of(project(chosen))) == names


@each_topology
def test_there_is_exactly_one_beat(topology: str) -> None:
    beats = [service for service in services(topology).values() if service["command"] == ["beat"]]

    assert len(beats) == 1
    assert "deploy" not in beats[0]
    assert "scale" not in beats[0]


@each_layout
def test_every_service_that_lives_has_a_health_check_and_comes_back(topology: str) -> None:
    for name, service in services(topology).items():
        lives = name not in ONE_SHOT
        assert bool(service.get("healthcheck", {}).get("test")) == lives, name
        assert (service.get("restart") == "unless-stopped") == lives, name


@each_layout
def test_everyone_waits_for_health_or_for_success_never_for_a_mere_start(topology: str) -> None:
    for name, service in services(topology).items():
        for needed, dependency in service.get("depends_on", {}).items():
            expected = "service_completed_successfully" if needed in ONE_SHOT else "service_healthy"
            assert (name, needed, dependency["condition"]) == (name, needed, expected)


@each_layout
def test_ports_are_published_on_this_machine_only(topology: str) -> None:
    ports = {"api": "8000", "flower": "5555", "metrics": "9464", "simulator": "8080"}
    if topology == "monitored":
        ports |= {"prometheus": "9090", "grafana": "3000"}
    published = {
        name: [(port["host_ip"], port["published"]) for port in service["ports"]]
        for name, service in services(topology).items()
        if service.get("ports")
    }

    assert published == {name: [("127.0.0.1", port)] for name, port in ports.items()}


def test_a_second_bundle_may_have_other_ports() -> None:
    answer = compose_config(
        API_PORT="18000", FLOWER_PORT="15555", METRICS_PORT="19464", SIMULATOR_PORT="0"
    )

    ports = {
        port["published"]
        for service in json.loads(answer.stdout)["services"].values()
        for port in service.get("ports", [])
    }
    assert ports == {"18000", "15555", "19464", "0"}


@each_layout
def test_no_name_is_fixed_so_that_two_bundles_can_run(topology: str) -> None:
    assert [s for s in services(topology).values() if "container_name" in s] == []


@each_layout
def test_no_password_is_in_the_resolved_configuration(topology: str) -> None:
    for name, service in services(topology).items():
        for variable, value in service.get("environment", {}).items():
            assert variable.endswith("_FILE") or not SECRET_NAMES.search(variable), name
            assert not re.search(r"://[^/]*:[^/]*@", value), (name, variable)
    assert "demo-" not in json.dumps(project(topology))


@each_layout
def test_each_service_mounts_only_the_secrets_that_it_reads(topology: str) -> None:
    for name, service in services(topology).items():
        if name == "secrets":
            continue
        mounts = secret_mounts(service)
        assert set(mounts) == READ_GROUPS[name], name
        assert all(mounts.values()), f"{name} could write its secrets"


@each_topology
def test_every_secret_file_that_is_named_is_mounted(topology: str) -> None:
    for name, service in services(topology).items():
        files = [
            value
            for key, value in service.get("environment", {}).items()
            if key.endswith("_FILE") and value  # an empty one is off until somebody names a file
        ]
        for file in files:
            assert file.split("/")[4] in secret_mounts(service), (name, file)


def test_flower_sees_no_key_and_no_database() -> None:
    flower = services("two")["flower"]

    assert not {"keys", "postgres"} & set(secret_mounts(flower))
    assert set(flower["environment"]) == {"REDIS_URL_FILE", "FLOWER_BASIC_AUTH_FILE"}


@each_layout
def test_every_container_is_confined(topology: str) -> None:
    for name, service in services(topology).items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert any(mount.startswith("/tmp") for mount in service["tmpfs"]), name
        assert not service.get("privileged"), name
        assert not service.get("cap_add"), name
        assert mebibytes(service["mem_limit"]) > 0, name
        assert service["logging"]["options"]["max-size"], name


def test_redis_may_fork_at_its_fullest_without_passing_its_limit() -> None:
    redis = services("two")["redis"]
    maxmemory = re.search(r"^maxmemory (\d+)mb$", redis["command"][0], re.MULTILINE)

    assert maxmemory
    assert mebibytes(redis["mem_limit"]) >= 2 * int(maxmemory[1])
    for line in ("appendonly yes", "appendfsync everysec", "maxmemory-policy noeviction"):
        assert line in redis["command"][0].splitlines()


@each_topology
def test_production_leaves_out_the_simulator_and_the_bundled_servers(topology: str) -> None:
    resolved = production_project(topology)["services"]

    assert set(services(topology)) - set(resolved) == {"redis", "postgres", "simulator"}
    for name, service in resolved.items():
        environment = service.get("environment", {})
        assert environment["FISCAL_ENVIRONMENT"] == "production", name
        assert [value for value in environment.values() if "simulator" in value] == [], name
        assert set(service.get("depends_on", {})) <= set(resolved), name


@each_topology
def test_production_takes_the_real_portal_s_hosts(topology: str) -> None:
    for name in workers_of(production_project(topology)):
        environment = production_project(topology)["services"][name]["environment"]
        assert {key: value for key, value in environment.items() if key.startswith("SII_")} == {
            "SII_AUTH_URL": "https://zeusr.sii.cl",
            "SII_HOME_URL": "https://misiir.sii.cl",
            "SII_SERVICES_URL": "https://www4.sii.cl",
            "SII_RECEIPTS_URL": "https://loa.sii.cl",
            "SII_MIN_REQUEST_INTERVAL": "1.5",
            "SII_REQUESTS_PER_SECOND": "1",
        }


@each_topology
def test_production_starts_nothing_before_the_secrets_were_looked_at(topology: str) -> None:
    resolved = production_project(topology)["services"]

    def waits_for_secrets(name: str) -> bool:
        needed = resolved[name].get("depends_on", {})
        return "secrets" in needed or any(waits_for_secrets(other) for other in needed)

    assert [name for name in resolved if name != "secrets" and not waits_for_secrets(name)] == []


@each_topology
def test_production_reads_the_operator_s_directory_and_writes_nothing_there(topology: str) -> None:
    for name, service in production_project(topology)["services"].items():
        for mount in service["volumes"]:
            if mount["target"].startswith("/run/fiscal/secrets"):
                assert mount["source"].startswith("/etc/fiscal/"), name
                assert mount["read_only"], name


@pytest.mark.parametrize("missing", PRODUCTION)
def test_production_names_the_variable_that_is_missing(missing: str) -> None:
    answer = compose_config(
        files=("compose.yaml", "deploy/compose/production.yaml"),
        **{name: value for name, value in PRODUCTION.items() if name != missing},
    )

    assert answer.returncode != 0
    assert f"required variable {missing} is missing a value: set it to" in answer.stderr
