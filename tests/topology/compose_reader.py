"""What Docker Compose resolves, read as the values that `topology.py` declares."""

import json
import os
import re
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

from app.infrastructure.celery.topology import Worker
from tests.topology.worker_environment import worker_from

ROOT = Path(__file__).resolve().parents[2]
PROFILES = {"one": "one", "two": "workers", "three": "three"}
PRODUCTION = {
    "FISCAL_SECRETS_DIR": "/etc/fiscal",
    "WHATSAPP_PHONE_NUMBER_ID": "1",
    "MAIL_FROM": "avisos@empresa.example",
}

Service = dict[str, Any]


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
    """Returns the resolved project of a topology's profile."""
    answer = compose_config("--profile", PROFILES[topology])
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


def services(topology: str) -> dict[str, Service]:
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


def read_worker(service: Service) -> Worker:
    return worker_from(
        service["environment"],
        image=service["image"].removeprefix("fiscal-").removesuffix(":dev"),
        memory_mib=mebibytes(service["mem_limit"]),
        shm_mib=mebibytes(service.get("shm_size", 0)),
        grace_seconds=seconds(service["stop_grace_period"]),
    )


def mebibytes(size: str | int) -> int:
    """Reads bytes, which Compose prints as text; anything but whole MiB is a slip."""
    whole, rest = divmod(int(size), 1024**2)
    assert rest == 0, f"{size} bytes are no whole MiB"
    return whole


def seconds(duration: str) -> int:
    """Reads Go's notation as Compose prints it, e.g. 1m0s."""
    factors = {"h": 3600, "m": 60, "s": 1}
    return sum(int(count) * factors[unit] for count, unit in re.findall(r"(\d+)([hms])", duration))
