"""The real simulator, as a process of its own, and what tests ask it."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from app.settings import Settings
from tests.waiting import wait_until

BACKEND = Path(__file__).resolve().parents[3] / "backend"


class SimulatedPortal:
    """A running simulator whose date is fixed at 20 November 2026."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._admin = httpx.Client(base_url=f"{self.url}/__sim__", timeout=10)

    @property
    def settings(self) -> Settings:
        """Returns settings that point at it and keep no distance between requests."""
        return Settings(
            sii_auth_url=f"{self.url}/zeusr",
            sii_home_url=f"{self.url}/misiir",
            sii_services_url=f"{self.url}/www4",
            sii_min_request_interval=0,
        )

    def company(self, key: str) -> dict[str, str]:
        """Returns rut, login_rut, clave and razon_social of company A, B, C, D, E, F1, F2 or G."""
        of_kind = [one for one in self._get("companies") if one["kind"] == key[0]]
        found: dict[str, str] = of_kind[int(key[1:] or 1) - 1]
        return found

    def truth(self, rut: str, period: str) -> dict[str, Any]:
        """Returns documents and summary of a period like '2026-11'."""
        answer: dict[str, Any] = self._get(f"truth/{rut}", period=period.replace("-", ""))
        return answer

    def state(self) -> dict[str, Any]:
        """Returns open sessions, login tries, requests and violations."""
        answer: dict[str, Any] = self._get("state")
        return answer

    def fail(self, path: str, kind: str, **rule: Any) -> None:
        """Makes requests under `path` go wrong."""
        self._admin.post("/faults", json={"path": path, "kind": kind} | rule).raise_for_status()

    def heal(self) -> None:
        """Ends all faults."""
        self._admin.delete("/faults").raise_for_status()

    def reset(self) -> None:
        """Forgets everything."""
        self._admin.post("/reset").raise_for_status()

    def answers(self) -> bool:
        """Returns whether it is up."""
        try:
            return self._admin.get("/health").is_success
        except httpx.HTTPError:
            return False

    def close(self) -> None:
        """Closes the client."""
        self._admin.close()

    def _get(self, path: str, **parameters: str) -> Any:
        return self._admin.get(f"/{path}", params=parameters).raise_for_status().json()


@contextmanager
def running_simulator() -> Iterator[SimulatedPortal]:
    """Starts a simulator on a free port and ends it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {
        "SIMULATOR_TODAY": "2026-11-20",
        "SIMULATOR_SMTP_HOST": "127.0.0.1",
        "SIMULATOR_SMTP_PORT": "0",
    }
    command = [sys.executable, "-m", "uvicorn", "simulator.main:app", "--log-level", "warning"]
    process = subprocess.Popen(
        [*command, "--host", "127.0.0.1", "--port", str(port)], cwd=BACKEND, env=environment
    )
    portal = SimulatedPortal(port)
    try:
        wait_until(portal.answers, what="the simulator's start")
        yield portal
    finally:
        portal.close()
        process.terminate()
        process.wait(30)
