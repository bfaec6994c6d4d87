"""Redis, Postgres and a network of this run's own, and containers of the slim image beside them.

Everything runs in containers, in the slim image: the Python, the wheels and the compiled code are
then the product's, and not those of whoever types `make bench`.
"""

import json
import os
import secrets
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SLIM, SELENIUM = "fiscal-slim:dev", "fiscal-selenium:dev"
BASES = {  # variable: official image, its stand-in (deploy/airgap)
    "PYTHON_IMAGE": ("python:3.13-slim-trixie", "fiscal-base-python:trixie"),
    "REDIS_IMAGE": ("redis:8-trixie", "fiscal-base-redis:trixie"),
    "POSTGRES_IMAGE": ("pgvector/pgvector:pg17", "fiscal-base-postgres:trixie"),
}


def docker(*arguments: str) -> str:
    """Returns what `docker ARGUMENTS` prints. Raises with its stderr where it fails."""
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"docker {arguments[0]} failed: {done.stderr.strip()[-2000:]}")
    return done.stdout.strip()


def base_image(variable: str) -> str:
    """Returns the image that the bundle stands on: told, official, or its stand-in."""
    official, stand_in = BASES[variable]
    return os.environ.get(variable) or (official if _is_present(official) else stand_in)


def _is_present(image: str) -> bool:
    found = subprocess.run(["docker", "image", "inspect", image], capture_output=True)
    return found.returncode == 0


def image_bytes(image: str) -> int:
    """Returns the uncompressed size of an image."""
    return int(json.loads(docker("image", "inspect", image))[0]["Size"])


def mounted_code() -> str | None:
    """Returns the directory whose code is measured in place of the images' own, if any."""
    return os.environ.get("BENCH_CODE")


@dataclass(frozen=True)
class Stage:
    """What both workers of a comparison share."""

    network: str
    database_url: str

    def arguments(self, memory: str = "512m") -> list[str]:
        """Returns the `docker run` options of every container: as Compose runs a worker."""
        code = mounted_code()
        return [
            f"--network={self.network}", "--read-only", "--tmpfs=/tmp:size=256m,mode=1777",
            "--cap-drop=ALL", f"--memory={memory}",
            f"--volume={ROOT / 'benchmarks'}:/bench/benchmarks:ro",
            *([f"--volume={code}:/srv/fiscal/backend:ro"] if code else []),
            "--env=PYTHONPATH=/srv/fiscal/backend:/bench",
            "--env=REDIS_URL=redis://redis:6379/0", f"--env=DATABASE_URL={self.database_url}",
        ]  # fmt: skip

    def run(
        self, command: Sequence[str], *options: str, image: str = SLIM, memory: str = "512m"
    ) -> str:
        """Runs a command in a container that is gone afterwards; returns its output."""
        return docker("run", "--rm", *options, *self.arguments(memory), image, *command)

    def measure(self, what: str, kind: str) -> float:
        """Returns the number that `benchmarks.inside WHAT KIND` prints last."""
        return float(self.run(["python", "-m", "benchmarks.inside", what, kind]).split()[-1])


@contextmanager
def stage() -> Iterator[Stage]:
    """Yields Redis and Postgres with the bundle's schema; removes all of it at the end."""
    name = f"fiscal-bench-{secrets.token_hex(3)}"
    password = secrets.token_hex(8)
    docker("network", "create", name)
    started: list[str] = []
    try:
        run = ["run", "-d", f"--network={name}"]
        started.append(docker(*run, "--network-alias=redis", base_image("REDIS_IMAGE")))
        # In memory: what is compared is two workers, not the luck of the disk under them.
        settings = [f"--env=POSTGRES_PASSWORD={password}", "--tmpfs=/var/lib/postgresql/data"]
        started.append(
            docker(*run, *settings, "--network-alias=postgres", base_image("POSTGRES_IMAGE"))
        )
        made = Stage(name, f"postgresql+psycopg://postgres:{password}@postgres:5432/postgres")
        _migrate(made)
        yield made
    finally:
        if started:
            docker("rm", "-f", "-v", *started)
        docker("network", "rm", name)


def _migrate(made: Stage) -> None:
    # Postgres restarts once while it makes its first database: ask until it answers twice.
    ready = (
        "import os, psycopg; psycopg.connect(os.environ['DATABASE_URL'].replace('+psycopg', ''))"
    )
    script = (
        f'for i in 1 2; do until python -c "{ready}" 2>/dev/null; do sleep 1; done; sleep 1; done'
    )
    made.run(["timeout", "60", "sh", "-c", script])
    made.run(["fiscal", "migrate"])
