"""The cluster that the tests use: one that somebody names, or one that they start and end."""

import os
import shlex
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.kubernetes.commands import ROOT, run
from tests.kubernetes.images import bring
from tests.missing import missing

NEXT_TO_US = ROOT.parent / "shared" / "kubernetes" / "cluster"
NO_CLUSTER = (
    "No Kubernetes, so nothing of the chart was tried: set FISCAL_TEST_CLUSTER to a script with up,"
    " load, env and down, or FISCAL_TEST_CONTEXT to a context of your kubeconfig and"
    " FISCAL_TEST_LOAD to the command that takes images to it, e.g. 'kind load docker-image'."
)
NO_KEDA = "KEDA is not in this cluster, so no worker was scaled by it: install it, see keda.sh."


@contextmanager
def cluster() -> Iterator[None]:
    """Yields while `kubectl` and `helm` speak to a cluster with our images; ends what it began."""
    context, loader = os.environ.get("FISCAL_TEST_CONTEXT"), os.environ.get("FISCAL_TEST_LOAD")
    script = own_script()
    if context and loader:
        with tempfile.TemporaryDirectory() as home, pytest.MonkeyPatch.context() as environment:
            environment.setenv("KUBECONFIG", copy_context(context, home))
            bring(shlex.split(loader))
            yield
    elif not context and script.exists():
        with started(script), pytest.MonkeyPatch.context() as environment:
            for name, value in announced(script).items():
                environment.setenv(name, value)
            bring([str(script), "load"])
            yield
    else:
        missing(NO_CLUSTER)


def own_script() -> Path:
    return Path(os.environ.get("FISCAL_TEST_CLUSTER") or NEXT_TO_US)


def bring_keda() -> None:
    """Adds KEDA to a cluster of ours; somebody else's has to have it."""
    if not os.environ.get("FISCAL_TEST_CONTEXT"):
        run(own_script(), "addon", "keda")
    elif not run("kubectl", "get", "crd", "scaledobjects.keda.sh", "--ignore-not-found"):
        missing(NO_KEDA)


def copy_context(context: str, directory: str) -> str:
    """Writes a kubeconfig of that context alone: the user's own keeps its current one."""
    file = Path(directory, "kubeconfig")
    file.touch(mode=0o600)
    file.write_text(run("kubectl", "config", "view", "--minify", "--raw", "--context", context))
    return str(file)


@contextmanager
def started(script: Path) -> Iterator[None]:
    """Starts the script's cluster and ends it; leaves one alone that is running already."""
    if "kube-apiserver running" in run_status(script):
        yield  # `up` would write kube-proxy's file anew, which ends it
        return
    run(script, "down")  # what an earlier one left behind, its objects above all
    try:
        run(script, "up")
        yield
    finally:
        run(script, "down")


def run_status(script: Path) -> str:
    """Returns which components run; the script says so on its standard error."""
    done = subprocess.run([script, "status"], capture_output=True, text=True)
    return done.stdout + done.stderr


def announced(script: Path) -> dict[str, str]:
    """Returns KUBECONFIG and PATH as `cluster env` would export them."""
    names = 'eval "$("$0" env)"; printf "%s\\n" "$KUBECONFIG" "$PATH"'
    kubeconfig, path = run("bash", "-c", names, script).splitlines()
    return {"KUBECONFIG": kubeconfig, "PATH": path}
