"""One installed release in a namespace of its own."""

import json
import sys
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.kubernetes.cluster import ROOT, run
from tests.waiting import wait_until

HELM = Path(sys.executable).with_name("helm")
CHART = ROOT / "deploy" / "helm"
PUBLISH = """
import json, sys
from app.infrastructure.celery import app
for task, queue, kwargs in json.load(sys.stdin):
    print(app.send_task(task, queue=queue, kwargs=kwargs).id)
"""
INSPECT = """
import json
from app.infrastructure.celery import app
print(json.dumps(app.control.inspect(timeout=3).active_queues() or {}))
"""


class Release(AbstractContextManager["Release"]):
    """A release named `fiscal`; its namespace goes with it."""

    def __init__(self, namespace: str, *, restricted: bool = False) -> None:
        self.namespace = namespace
        self.restricted = restricted

    def __enter__(self) -> "Release":
        run("kubectl", "delete", "namespace", self.namespace, "--ignore-not-found")
        run("kubectl", "create", "namespace", self.namespace)
        if self.restricted:
            label = "pod-security.kubernetes.io/enforce=restricted"
            run("kubectl", "label", "namespace", self.namespace, label)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error:
            print(self.kubectl("get", "pods,jobs,events", check=False))  # noqa: T201
        run("kubectl", "delete", "namespace", self.namespace, "--timeout=120s", check=False)

    def helm(self, verb: str, *options: str) -> str:
        """Runs helm on this release; install and upgrade take the chart of this checkout."""
        chart = [CHART] if verb in ("install", "upgrade") else []
        return run(HELM, "--namespace", self.namespace, verb, "fiscal", *chart, *options)

    def kubectl(self, *words: str, check: bool = True, stdin: str | None = None) -> str:
        """Runs kubectl in this namespace."""
        return run("kubectl", "--namespace", self.namespace, *words, check=check, stdin=stdin)

    def objects(self, kind: str) -> list[dict[str, Any]]:
        """Returns the objects of a kind, e.g. pods or pods,secrets."""
        found: list[dict[str, Any]] = json.loads(self.kubectl("get", kind, "-o", "json"))["items"]
        return found

    def wait_until_ready(self) -> None:
        """Waits until every Deployment has all that it should, and no more."""
        for deployment in self.objects("deployments"):
            name = deployment["metadata"]["name"]
            self.kubectl("rollout", "status", f"deployment/{name}", "--timeout=240s")

    def execute(self, deployment: str, *command: str, stdin: str | None = None) -> str:
        """Runs a command in a pod of a deployment."""
        target = ("exec", "-i", f"deployment/fiscal-{deployment}", "--")
        return self.kubectl(*target, *command, stdin=stdin)

    def query(self, sql: str) -> list[dict[str, Any]]:
        """Returns the rows of a SELECT."""
        wrapped = f"SELECT coalesce(json_agg(found), '[]') FROM ({sql}) AS found"
        psql = ("psql", "-U", "fiscal", "-d", "fiscal", "-Atq", "-c", wrapped)
        return list(json.loads(self.kubectl("exec", "fiscal-postgres-0", "--", *psql)))

    def publish(self, *runs: tuple[str, str, dict[str, Any]]) -> list[str]:
        """Publishes (task, queue, kwargs); returns the run ids."""
        return self.execute("api", "python", "-c", PUBLISH, stdin=json.dumps(runs)).split()

    def wait_for_runs(self, ids: list[str]) -> list[dict[str, Any]]:
        """Waits until every given run has ended; returns their rows."""
        listed = ",".join(f"'{run_id}'" for run_id in ids)
        select = f"SELECT * FROM runs WHERE id IN ({listed}) AND finished_at IS NOT NULL"
        wait_until(
            lambda: len(self.query(select)) == len(ids), timeout=180, what=f"{len(ids)} runs"
        )
        return self.query(select)

    def workers(self) -> dict[str, set[str]]:
        """Returns the queues of every worker that answers, by the worker's name."""
        answers = json.loads(self.execute("api", "python", "-c", INSPECT))
        return {
            node.split("@")[0]: {queue["name"] for queue in queues}
            for node, queues in answers.items()
        }
