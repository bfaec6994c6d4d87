"""What the health check of a worker costs, against the ping that other deployments use for it."""

import json

import yaml

from benchmarks.results import Result
from benchmarks.stage import ROOT, Stage

WORKERS = ROOT / "deploy" / "compose" / "workers.yaml"


def probe(place: Stage) -> Result:
    """Compares CPU time beside the same living worker, as one call uses it, start and all."""
    check = yaml.safe_load(WORKERS.read_text())["services"]["fast"]["healthcheck"]["test"]
    printed = place.run(["python", "-m", "benchmarks.asked", check])
    used = json.loads(printed.splitlines()[-1])
    what = "CPU of one health check (ours) / of one `celery inspect ping -d <node>`"
    return Result(what, used["check"], used["ping"], "ms", most=0.02, digits=4)
