"""The two questions of this role, as WSGI: `/metrics` and `/workers/NAME`; and `/health`."""

import json
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from urllib.parse import parse_qs

from prometheus_client import CollectorRegistry, make_wsgi_app

from app.errors import FiscalError, InvalidInput, NotFound, QueueUnavailable
from app.infrastructure.basic_auth import is_authorised
from app.metrics.stores import PATIENCE, Store
from app.metrics.worker_load import WorkerLoads

JSON = ("Content-Type", "application/json")
CHALLENGE = ("WWW-Authenticate", 'Basic realm="metrics", charset="UTF-8"')
STATUS = {NotFound: "404 Not Found", InvalidInput: "400 Bad Request"}
StartResponse = Callable[[str, list[tuple[str, str]]], Any]


class Endpoint:
    """Answers those who carry one of the `user:password` accounts, and `/health` to anybody."""

    def __init__(
        self,
        accounts: Sequence[str],
        registry: CollectorRegistry,
        loads: Store[WorkerLoads],
    ) -> None:
        self.accounts = accounts
        self.show_metrics = make_wsgi_app(registry)
        self.loads = loads

    def __call__(self, environ: dict[str, Any], start: StartResponse) -> Iterable[bytes]:
        """One request."""
        path = environ.get("PATH_INFO", "")
        if path == "/health":
            return _answer(start, "200 OK", {"status": "ok"})
        if not is_authorised(environ.get("HTTP_AUTHORIZATION", ""), self.accounts):
            return _answer(start, "401 Unauthorized", {"detail": "Access denied."}, CHALLENGE)
        if path == "/metrics":
            page: Iterable[bytes] = self.show_metrics(environ, start)
            return page
        if path.startswith("/workers/") and environ["REQUEST_METHOD"] == "GET":
            queues = parse_qs(environ.get("QUERY_STRING", "")).get("queues", [])
            return self._show_worker(start, path.removeprefix("/workers/"), queues)
        return _answer(start, "404 Not Found", {"detail": "GET /metrics or /workers/NAME."})

    def _show_worker(
        self, start: StartResponse, name: str, queues: Sequence[str]
    ) -> Iterable[bytes]:
        loads = self.loads.answer(self.loads.ask(), time.monotonic() + PATIENCE)
        try:
            if loads is None:
                raise QueueUnavailable
            named = [queue for text in queues for queue in text.split(",")]
            return _answer(start, "200 OK", loads.of(name, named))
        except FiscalError as error:
            status = STATUS.get(type(error), "503 Service Unavailable")
            return _answer(start, status, {"detail": error.message})


def _answer(
    start: StartResponse, status: str, content: dict[str, Any], *headers: tuple[str, str]
) -> Iterable[bytes]:
    start(status, [JSON, ("Cache-Control", "no-store"), *headers])
    return [json.dumps(content).encode()]
