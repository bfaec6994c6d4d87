"""A simulator in a real uvicorn, in a thread of this process."""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import httpx
import uvicorn

from simulator.main import create_app
from simulator.settings import Settings
from tests.waiting import wait_until


@contextmanager
def running(settings: Settings) -> Iterator[str]:
    """Yields the address of a simulator with these settings."""
    config = uvicorn.Config(create_app(settings), port=0, log_level="warning")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_until(lambda: server.started, what="the simulator's start")
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=30)


class Admin(AbstractContextManager["Admin"]):
    """The admin pages of one simulator."""

    def __init__(self, address: str) -> None:
        # No TLS is spoken here, and loading certificates takes longer than a test.
        self.http = httpx.Client(base_url=f"{address}/__sim__/", timeout=30, verify=False)

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def get(self, path: str, **params: str) -> object:
        answer = self.http.get(path, params=params)
        answer.raise_for_status()
        return answer.json()

    @property
    def state(self) -> dict:
        return self.get("state")

    def company(self, kind: str) -> dict:
        return next(one for one in self.get("companies") if one["kind"] == kind)
