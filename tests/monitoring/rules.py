"""The rules and their tests as files, and promtool as it is installed."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.conftest import ROOT
from tests.missing import missing

MONITORING = ROOT / "deploy" / "helm" / "monitoring"
RULES = sorted((MONITORING / "rules").glob("*.yaml"))
TESTS = sorted((ROOT / "deploy" / "monitoring" / "tests").glob("*.yaml"))
NO_PROMETHEUS = (
    "Rules and dashboards were not held to Prometheus: there is no {} here. It comes with Debian's"
    " package prometheus: `apt-get install --no-install-recommends prometheus`."
)


def binary(name: str) -> str:
    """Returns the path of `prometheus` or `promtool`."""
    return shutil.which(name) or missing(NO_PROMETHEUS.format(name))


def promtool(*arguments: str | Path) -> str:
    """Returns what promtool prints; fails with it where promtool does."""
    done = subprocess.run(
        [binary("promtool"), *arguments], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@cache
def loaded(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def rules() -> Iterator[dict[str, Any]]:
    """Yields every rule, recording and alerting."""
    for path in RULES:
        for group in loaded(path)["groups"]:
            yield from group["rules"]


def alerts() -> dict[str, dict[str, Any]]:
    return {rule["alert"]: rule for rule in rules() if "alert" in rule}


def runbook(anchor: str) -> str:
    """Returns the paragraph of docs/operations.md under the heading of that anchor."""
    page = (ROOT / "docs" / "operations.md").read_text()
    for heading, paragraph in re.findall(r"^### (.+)\n((?:(?!#).*\n)*)", page, re.M):
        if heading.lower() == anchor:
            return str(paragraph)
    return ""
