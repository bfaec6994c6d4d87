"""Docker, as the tests of this folder ask it."""

import os
import subprocess
from pathlib import Path

from tests.conftest import ROOT, base_image


def docker(*words: str, timeout: float = 300) -> str:
    """Runs a docker command; returns what it printed."""
    done = subprocess.run(
        ["docker", *words],
        cwd=ROOT,
        env=os.environ | {"DOCKER_BUILDKIT": "1"},
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    assert done.returncode == 0, f"docker {words[0]}: {done.stdout[-1000:]}{done.stderr[-2000:]}"
    return done.stdout.strip()


def build(dockerfile: str, tag: str, target: str = "") -> str:
    """Builds a Dockerfile of this checkout under a tag of the tests' own; returns the tag.

    Railway gives no argument and no secret. Here the base may be a stand-in, and pip may need a
    private CA (deploy/airgap/README.md).
    """
    base = base_image("python:3.13-slim-trixie", "fiscal-base-python:trixie")
    given = (os.environ.get(name, "") for name in ("PIP_CERT", "SSL_CERT_FILE"))
    authorities = next((file for file in given if file and Path(file).is_file()), "")
    secret = ["--secret", f"id=ca,src={authorities}"] if authorities else []
    stage = ["--target", target] if target else []
    words = ["--file", dockerfile, "--build-arg", f"PYTHON_IMAGE={base}", *secret, *stage]
    docker("build", "--quiet", *words, "--tag", tag, ".", timeout=600)
    return tag
