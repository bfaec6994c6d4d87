"""One installed release of the chart of this checkout."""

import base64
import json
import subprocess
import sys
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx

from tests.bundle import Bundle
from tests.kubernetes.commands import ROOT, run, run_refused
from tests.kubernetes.pod_http import PodTransport

HELM = Path(sys.executable).with_name("helm")
CHART = ROOT / "deploy" / "helm"
SHORTLY = "--timeout=240s"  # for whatever has to come up: the machine has two cores


class Release(Bundle):
    """A release and what Kubernetes tells of it. `full_name` is what the chart makes of `name`."""

    def __init__(self, namespace: str, name: str = "fiscal") -> None:
        self.namespace = namespace
        self.name = name
        self.full_name = name if "fiscal" in name else f"{name}-fiscal"
        self.selector = f"app.kubernetes.io/instance={name}"

    def helm(self, verb: str, *options: str) -> str:
        """Runs helm on this release; returns what it prints."""
        return run(*self.command(verb, *options))

    def refused(self, verb: str, *options: str) -> str:
        """Runs helm where it must fail; returns its last words."""
        return run_refused(*self.command(verb, *options))

    def command(self, verb: str, *options: str) -> list[str | Path]:
        """Returns helm's command line; install, upgrade and template take the chart."""
        chart = [CHART] if verb in ("install", "upgrade", "template") else []
        return [HELM, "--namespace", self.namespace, verb, self.name, *chart, *options]

    def kubectl(self, *words: str, check: bool = True, stdin: str | None = None) -> str:
        """Runs kubectl in this namespace."""
        return run("kubectl", "--namespace", self.namespace, *words, check=check, stdin=stdin)

    def objects(self, kind: str, selector: str = "") -> list[dict[str, Any]]:
        """Returns the release's objects of a kind, e.g. pods or pods,secrets."""
        chosen = ",".join(filter(None, (self.selector, selector)))
        printed = self.kubectl("get", kind, "--selector", chosen, "--output", "json")
        return list(json.loads(printed)["items"])

    def wait_until_ready(self) -> None:
        """Waits until every Deployment and store has all that it should, and no more."""
        for one in self.objects("statefulsets,deployments"):
            name = f"{one['kind'].lower()}/{one['metadata']['name']}"
            self.kubectl("rollout", "status", name, SHORTLY)

    def target(self, part: str) -> str:
        """Returns what runs a part: api, postgres, a worker's name."""
        if part in ("redis", "postgres"):
            return f"statefulset/{self.full_name}-{part}"
        own = part in ("api", "beat", "flower", "metrics", "simulator")
        return f"deployment/{self.full_name}-{'' if own else 'worker-'}{part}"

    def pods_of(self, part: str) -> list[str]:
        """Returns the names of a part's pods."""
        own = json.loads(self.kubectl("get", self.target(part), "--output", "json"))
        labels = own["spec"]["selector"]["matchLabels"].items()
        selector = ",".join(f"{name}={value}" for name, value in labels)
        return [pod["metadata"]["name"] for pod in self.objects("pods", selector)]

    def execute(self, part: str, *command: str, stdin: str | None = None) -> str:
        """Runs a command in a pod of a part."""
        return self.kubectl("exec", "-i", self.target(part), "--", *command, stdin=stdin)

    def begin(self, part: str, *command: str) -> subprocess.Popen[str]:
        """Begins a command in a pod of a part."""
        words = ["kubectl", "--namespace", self.namespace, "exec", "-i", self.target(part), "--"]
        pipe = subprocess.PIPE
        return subprocess.Popen([*words, *command], stdin=pipe, stdout=pipe, text=True)

    def start(self, *workers: str) -> None:
        """Scales workers to one."""
        for worker in workers:
            self.kubectl("scale", self.target(worker), "--replicas=1")
            self.kubectl("rollout", "status", self.target(worker), SHORTLY)

    def stop(self, *workers: str) -> None:
        """Scales workers to none; what they were doing goes back to its queue."""
        for worker in workers:
            self.kubectl("scale", self.target(worker), "--replicas=0")
            pods = f"{self.selector},fiscal/worker={worker}"
            self.kubectl("wait", "--for=delete", "pods", "--selector", pods, SHORTLY)

    def secret(self, key: str) -> str:
        """Returns a value of the Secret that the release made."""
        path = f"jsonpath={{.data.{key}}}"
        encoded = self.kubectl("get", "secret", self.full_name, "--output", path)
        return base64.b64decode(encoded).decode()

    def patch_secret(self, patch: str) -> None:
        """Changes the Secret; the patch goes by standard input, into no argument list."""
        self.kubectl("patch", "secret", self.full_name, "--patch-file", "/dev/stdin", stdin=patch)

    @cached_property
    def api(self) -> httpx.Client:  # type: ignore[override]
        """The API, with its key."""
        return self.client("api", "http://localhost:8000", {"X-API-Key": self.secret("api-keys")})

    @cached_property
    def simulator(self) -> httpx.Client:  # type: ignore[override]
        """The simulator's admin pages."""
        return self.client("simulator", "http://localhost:8080/__sim__/", {})

    @cached_property
    def flower(self) -> httpx.Client:
        """Flower, with its password."""
        user = base64.b64encode(self.secret("flower-basic-auth").encode()).decode()
        headers = {"Authorization": f"Basic {user}"}
        return self.client("flower", "http://localhost:5555/flower/", headers)

    def client(self, part: str, url: str, headers: dict[str, str]) -> httpx.Client:
        """Returns a client whose requests are sent inside a pod of `part`."""
        return httpx.Client(transport=PodTransport(self, part), base_url=url, headers=headers)

    def describe(self) -> str:
        """Returns what somebody needs who asks why a test failed."""
        state = self.kubectl("get", "pods,jobs,pvc", "--output", "wide", check=False)
        events = self.kubectl("get", "events", "--sort-by=.lastTimestamp", check=False)
        logs = ("logs", "--selector", self.selector, "--all-containers", "--prefix")
        said = self.kubectl(*logs, "--tail=15", "--max-log-requests=30", check=False)
        return "\n".join([state, *events.splitlines()[-30:], said])
