"""The role as it is shipped: a real process, asked over HTTP."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.ports import free_port
from tests.processes import running
from tests.unit.metrics.ledger import Samples, samples
from tests.waiting import wait_until

ACCOUNT = ("ana", "only-for-this-test")


@dataclass(frozen=True)
class Role:
    """A running `metrics`. `client` carries no credentials."""

    client: httpx.Client
    process: subprocess.Popen[bytes]
    log_path: Path

    @property
    def log(self) -> str:
        return self.log_path.read_text()

    def scrape(self) -> Samples:
        """Returns what an account sees."""
        answer = self.client.get("/metrics", auth=ACCOUNT)
        assert answer.status_code == 200, answer.text
        return samples(answer.text)

    def own_memory(self) -> int:
        """Returns the MiB that are this process's alone: libraries are shared with other roles."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        (kibibytes,) = re.findall(r"^RssAnon:\s+(\d+) kB$", status, re.M)
        return int(kibibytes) // 1024

    def answers(self) -> bool:
        assert self.process.poll() is None, self.log
        try:
            return self.client.get("/health").status_code == 200
        except httpx.TransportError:
            return False


@contextmanager
def running_role(database_url: str, redis_url: str, directory: Path) -> Iterator[Role]:
    """Yields the role on these stores; ends it and looks how it ended."""
    port = free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "METRICS_BASIC_AUTH": f"eva:another,{':'.join(ACCOUNT)}",
    }
    log_path = directory / "metrics.log"
    command = [sys.executable, "-m", "app.metrics", f"127.0.0.1:{port}"]
    with (
        running(command, log_path, environment) as process,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20) as client,
    ):
        role = Role(client, process, log_path)
        wait_until(role.answers, timeout=60, what="the role")
        yield role
