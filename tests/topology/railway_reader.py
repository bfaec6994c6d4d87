"""What .railway/railway.py deploys, read as the values that `topology.py` declares."""

import json
import os
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

from app.infrastructure.celery.topology import TOPOLOGIES, Image, Worker
from tests.topology.amounts import mebibytes
from tests.topology.service import Service
from tests.topology.worker_environment import worker_from

ROOT = Path(__file__).resolve().parents[2]
IMAGES: dict[str, Image] = {"Dockerfile": "slim", "Dockerfile.selenium": "selenium"}
REPOSITORY = "empresa/fiscal"
WORKERS = sorted({f"worker-{worker.name}" for each in TOPOLOGIES.values() for worker in each})
SERVICES = ["api", "beat", "flower", "metrics", *WORKERS]

# As Railway's CLI does it (railwayapp/cli, src/iac/eval.rs): `main` of the file, its graph as JSON.
EVALUATE = """
import importlib.util, json, sys
from railway_sdk import create_railway_context
found = importlib.util.spec_from_file_location("railway_sdk_user", sys.argv[1])
module = importlib.util.module_from_spec(found)
found.loader.exec_module(module)
context = create_railway_context({"command": "plan", "environment": "production"})
print(json.dumps(module.main(context).to_graph()))
"""

Node = dict[str, Any]


def evaluate(**environment: str) -> subprocess.CompletedProcess[str]:
    """Evaluates .railway/railway.py with these variables alone; prints its graph."""
    return subprocess.run(
        [sys.executable, "-c", EVALUATE, str(ROOT / ".railway" / "railway.py")],
        env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"} | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


@cache
def graph(topology: str) -> dict[str, Node]:
    """Returns the nodes of a topology's project by their address, as service.api."""
    answer = evaluate(FISCAL_TOPOLOGY=topology, FISCAL_REPOSITORY=REPOSITORY)
    assert answer.returncode == 0, answer.stderr
    return {node["address"]: node for node in json.loads(answer.stdout)["resources"]}


def services(topology: str) -> dict[str, Node]:
    """Returns the services of ours by name."""
    nodes = graph(topology).values()
    return {node["name"]: node for node in nodes if node["type"] == "service"}


def read_railway(topology: str) -> dict[str, Worker]:
    """Returns the workers of a topology by name."""
    return {
        name.removeprefix("worker-"): read_worker(node)
        for name, node in services(topology).items()
        if name.startswith("worker-")
    }


def read_railway_services() -> dict[str, Service]:
    """Returns everything else of ours by name; the stores are Railway's."""
    return {
        name: Service(
            memory_mib=mebibytes(node["deploy"]["limitOverride"]["containers"]["memoryBytes"]),
            grace_seconds=node["deploy"]["drainingSeconds"],
        )
        for name, node in services("two").items()
        if not name.startswith("worker-")
    }


def read_worker(node: Node) -> Worker:
    """Reads a service; its numbers stand in front of the role in its start command."""
    deploy = node["deploy"]
    shm = node["variables"].get("RAILWAY_SHM_SIZE_BYTES", {"value": "0"})
    return worker_from(
        assignments(deploy["startCommand"]),
        image=IMAGES[node["build"]["dockerfilePath"]],
        memory_mib=mebibytes(deploy["limitOverride"]["containers"]["memoryBytes"]),
        shm_mib=mebibytes(shm["value"]),
        grace_seconds=deploy["drainingSeconds"],
    )


def assignments(command: str) -> dict[str, str]:
    """Returns the variables that a command starting with `env` sets."""
    return dict(word.split("=", 1) for word in shlex.split(command) if "=" in word)
