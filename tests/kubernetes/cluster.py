"""The cluster that the tests use, and the images that the chart names by default."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
NEXT_TO_US = ROOT.parent / "shared" / "kubernetes" / "cluster"
STAND_INS = {
    "redis:8-trixie": "fiscal-base-redis:trixie",
    "pgvector/pgvector:pg17": "fiscal-base-postgres:trixie",
}
NO_CLUSTER = (
    "No Kubernetes: set FISCAL_TEST_CONTEXT to a context of your kubeconfig whose nodes have the"
    " images, or FISCAL_TEST_CLUSTER to a script with up, load, env and down."
)


def run(*command: str | Path, check: bool = True, stdin: str | None = None) -> str:
    """Returns what a command prints; fails with its last words."""
    done = subprocess.run(
        [str(word) for word in command], input=stdin, capture_output=True, text=True, cwd=ROOT
    )
    words = (done.stdout + done.stderr)[-3000:]
    assert done.returncode == 0 or not check, f"{' '.join(map(str, command))}: {words}"
    return done.stdout


@contextmanager
def cluster() -> Iterator[None]:
    """Yields while `kubectl` and `helm` speak to a cluster with our images; ends what it began."""
    context = os.environ.get("FISCAL_TEST_CONTEXT")
    script = Path(os.environ.get("FISCAL_TEST_CLUSTER") or NEXT_TO_US)
    if context:
        run("kubectl", "config", "use-context", context)
        yield
    elif script.exists():
        began = "kube-apiserver running" not in run_status(script)
        if began:  # not on a running one: it would write kube-proxy's file anew, which ends it
            run(script, "down")  # what an earlier one left behind, its objects above all
            run(script, "up")
        try:
            with pytest.MonkeyPatch.context() as environment:
                for name, value in announced(script).items():
                    environment.setenv(name, value)
                load_images(script)
                yield
        finally:
            if began:
                run(script, "down")
    elif os.environ.get("CI"):
        pytest.fail(NO_CLUSTER, pytrace=False)
    else:
        pytest.skip(NO_CLUSTER)


def run_status(script: Path) -> str:
    """Returns which components run; the script says so on its standard error."""
    done = subprocess.run([script, "status"], capture_output=True, text=True)
    return done.stdout + done.stderr


def announced(script: Path) -> dict[str, str]:
    """Returns KUBECONFIG and PATH as `cluster env` would export them."""
    names = 'eval "$("$0" env)"; printf "%s\\n" "$KUBECONFIG" "$PATH"'
    kubeconfig, path = run("bash", "-c", names, script).splitlines()
    return {"KUBECONFIG": kubeconfig, "PATH": path}


def load_images(script: Path) -> None:
    """Gives the nodes this checkout's images under the names that the chart defaults to."""
    version = yaml.safe_load((ROOT / "deploy/helm/Chart.yaml").read_text())["appVersion"]
    names = []
    for image in ("slim", "selenium", "simulator"):
        names.append(f"fiscal-{image}:{version}")
        run("docker", "tag", f"fiscal-{image}:dev", names[-1])
    lent = {official: own for official, own in STAND_INS.items() if not is_present(official)}
    for official, own in lent.items():
        run("docker", "tag", own, official)
    try:
        run(script, "load", *names, *STAND_INS)
    finally:
        # Under an official name a stand-in would be taken for the official image.
        for official in lent:
            run("docker", "rmi", official)


def is_present(image: str) -> bool:
    """Returns whether Docker has an image."""
    return run("docker", "images", "--quiet", image).strip() != ""
