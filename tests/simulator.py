"""The real simulator, as a process of its own, and what tests ask it."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from tests.conftest import ROOT
from tests.waiting import wait_until


class Simulator:
    """A running simulator."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._admin = httpx.Client(base_url=f"{self.url}/__sim__", timeout=10)

    @property
    def portal(self) -> dict[str, str]:
        """The variables of a worker whose portal this is, and which need not be polite."""
        return {
            "SII_AUTH_URL": f"{self.url}/zeusr",
            "SII_HOME_URL": f"{self.url}/misiir",
            "SII_SERVICES_URL": f"{self.url}/www4",
            "SII_RECEIPTS_URL": f"{self.url}/loa",
            "SII_MIN_REQUEST_INTERVAL": "0",
            "SII_REQUESTS_PER_SECOND": "0",
        }

    @property
    def smtp_port(self) -> int:
        return int(self._get("health")["smtp_port"])

    def company(self, key: str) -> dict[str, str]:
        """Returns rut, login_rut, clave and razon_social of company A, B, C, D, E, F1, F2 or G."""
        of_kind = [one for one in self._get("companies") if one["kind"] == key[0]]
        found: dict[str, str] = of_kind[int(key[1:] or 1) - 1]
        return found

    def truth(self, rut: str, period: str) -> dict[str, Any]:
        """Returns documents and summary of a period like '2026-11'."""
        answer: dict[str, Any] = self._get(f"truth/{rut}", period=period.replace("-", ""))
        return answer

    def f29(self, rut: str, year: int) -> list[dict[str, Any]]:
        """Returns the F29 of a year's periods, by period and folio."""
        answer: list[dict[str, Any]] = self._get(f"truth/{rut}/f29", year=str(year))
        return answer

    def state(self) -> dict[str, Any]:
        """Returns open sessions, login tries, requests and violations."""
        answer: dict[str, Any] = self._get("state")
        return answer

    def messages(self) -> list[dict[str, str]]:
        """Returns the accepted WhatsApp messages and mails."""
        found: list[dict[str, str]] = self._get("messages")
        return found

    def memories(self) -> list[dict[str, Any]]:
        """Returns what Mem0 holds."""
        found: list[dict[str, Any]] = self._get("memories")
        return found

    def fail(self, path: str, kind: str, **rule: Any) -> None:
        """Makes requests under `path` go wrong."""
        self._admin.post("/faults", json={"path": path, "kind": kind} | rule).raise_for_status()

    def change_clave(self, rut: str) -> str:
        """Does what a user does at the portal after a refusal; returns the new clave."""
        answer = self._admin.post("/claves", json={"rut": rut}).raise_for_status()
        return str(answer.json()["clave"])

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
def running_simulator(**environment: str) -> Iterator[Simulator]:
    """Starts a simulator with these variables on free ports, and ends it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", "simulator.main:app", "--log-level", "warning"]
    process = subprocess.Popen(
        [*command, "--host", "127.0.0.1", "--port", str(port)],
        cwd=ROOT / "backend",
        env=os.environ
        | {"SIMULATOR_SMTP_HOST": "127.0.0.1", "SIMULATOR_SMTP_PORT": "0"}
        | environment,
    )
    simulator = Simulator(port)

    def is_up() -> bool:
        assert process.poll() is None, "the simulator ended"
        return simulator.answers()

    try:
        wait_until(is_up, what="the simulator's start")
        yield simulator
    finally:
        simulator.close()
        process.terminate()
        process.wait(30)
