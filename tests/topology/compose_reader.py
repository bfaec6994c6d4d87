"""What Docker Compose resolves, read as the values that `topology.py` declares."""

import json
import os
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

from app.infrastructure.celery.topology import Worker
from tests.topology.amounts import mebibytes, seconds
from tests.topology.service import Service, maxmemory
from tests.topology.worker_environment import worker_from

ROOT = Path(__file__).resolve().parents[2]
PROFILES = {"one": "one", "two": "workers", "three": "three"}
PRODUCTION = {
    "FISCAL_SECRETS_DIR": "/etc/fiscal",
    "WHATSAPP_PHONE_NUMBER_ID": "1",
    "MAIL_FROM": "avisos@empresa.example",
}

Resolved = dict[str, Any]


def compose_config(
    *arguments: str, files: tuple[str, ...] = ("compose.yaml",), **environment: str
) -> subprocess.CompletedProcess[str]:
    """Runs `docker compose config` on the committed files alone: no override, no shell's values."""
    named = [word for file in files for word in ("-f", file)]
    return subprocess.run(
        ["docker", "compose", *named, *arguments, "config", "--format", "json"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")} | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


@cache
def project(topology: str) -> dict[str, Any]:
    """Returns the resolved project of a topology, or of `monitored`: two with all that watches."""
    chosen = ["workers", "grafana"] if topology == "monitored" else [PROFILES[topology]]
    answer = compose_config(*(word for profile in chosen for word in ("--profile", profile)))
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


@cache
def production_project(topology: str) -> dict[str, Any]:
    """Returns the same with the production override."""
    answer = compose_config(
        "--profile",
        PROFILES[topology],
        files=("compose.yaml", "deploy/compose/production.yaml"),
        **PRODUCTION,
    )
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


def services(topology: str) -> dict[str, Resolved]:
    return project(topology)["services"]


def read_compose(topology: str) -> dict[str, Worker]:
    """Returns the workers of a topology by the name of their service."""
    return workers_of(project(topology))


def workers_of(resolved: dict[str, Any]) -> dict[str, Worker]:
    return {
        name: read_worker(service)
        for name, service in resolved["services"].items()
        if service.get("command") == ["worker"]
    }


def read_worker(service: Resolved) -> Worker:
    return worker_from(
        service["environment"],
        image=service["image"].removeprefix("fiscal-").removesuffix(":dev"),
        memory_mib=mebibytes(service["mem_limit"]),
        shm_mib=mebibytes(service.get("shm_size", 0)),
        grace_seconds=seconds(service["stop_grace_period"]),
    )


def read_compose_services(topology: str) -> dict[str, Service]:
    """Returns everything else by name."""
    return services_of(project(topology))


def services_of(resolved: dict[str, Any]) -> dict[str, Service]:
    return {
        name: read_service(service)
        for name, service in resolved["services"].items()
        if service.get("command") != ["worker"]
    }


def read_service(service: Resolved) -> Service:
    grace = service.get("stop_grace_period")
    return Service(
        memory_mib=mebibytes(service["mem_limit"]),
        grace_seconds=seconds(grace) if grace else None,
        shm_mib=mebibytes(service.get("shm_size", 0)),
        maxmemory_mib=maxmemory(" ".join(service.get("command") or [])),
    )
