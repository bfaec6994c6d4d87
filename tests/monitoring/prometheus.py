"""A real Prometheus on loopback that scrapes a real role with our rules."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

import httpx

from tests.monitoring.rules import MONITORING, binary
from tests.ports import free_port
from tests.processes import running
from tests.unit.metrics.role import ACCOUNT
from tests.waiting import wait_until


@dataclass(frozen=True)
class Prometheus:
    client: httpx.Client
    process: subprocess.Popen[bytes]
    log: Path

    def values(self, expression: str) -> list[float]:
        """Returns the numbers of an instant query, those left out that are none."""
        answer = self.client.get("/api/v1/query", params={"query": expression}).json()
        assert answer["status"] == "success", f"{expression}: {answer}"
        found = (float(one["value"][1]) for one in answer["data"]["result"])
        return [value for value in found if isfinite(value)]

    def is_ready(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()[-2000:]
        try:
            return self.client.get("/-/ready").status_code == 200
        except httpx.TransportError:
            return False


@contextmanager
def running_prometheus(target: str, directory: Path) -> Iterator[Prometheus]:
    """Yields one that asks the role at `target` each second; ends it and looks how it ended."""
    user, password = ACCOUNT
    (directory / "password").write_text(password)
    configuration = {  # JSON is YAML
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(MONITORING / "rules" / "*.yaml")],
        "scrape_configs": [
            {
                "job_name": "fiscal",
                "basic_auth": {"username": user, "password_file": "password"},
                "static_configs": [{"targets": [target]}],
            }
        ],
    }
    (directory / "prometheus.yml").write_text(json.dumps(configuration))
    address = f"127.0.0.1:{free_port()}"
    log_path = directory / "prometheus.log"
    command = [
        *(binary("prometheus"), f"--config.file={directory}/prometheus.yml"),
        *(f"--storage.tsdb.path={directory}/data", f"--web.listen-address={address}"),
    ]
    with (
        running(command, log_path, patience=30) as process,
        httpx.Client(base_url=f"http://{address}", timeout=20) as client,
    ):
        prometheus = Prometheus(client, process, log_path)
        wait_until(prometheus.is_ready, timeout=60, what="Prometheus")
        yield prometheus
