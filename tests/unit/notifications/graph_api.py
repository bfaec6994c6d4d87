"""A stand-in for Meta's Graph API that can misbehave: hang, hang up, answer anything."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = tuple[int, dict[str, str], bytes]


class GraphApi(ThreadingHTTPServer):
    """Records what it is asked; `answer` decides what it says, None hangs up without a word."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128  # two workers connect forty times at once

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: list[tuple[str, dict[str, str], dict[str, Any]]] = []
        self.answer: Callable[[dict[str, Any]], Answer | None] = accepted
        self.closed = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Says nothing of clients that are gone: tests kill them."""

    def hang(self, body: dict[str, Any]) -> Answer | None:
        self.closed.wait()
        return None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: GraphApi

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append((self.path, dict(self.headers), body))
        answer = self.server.answer(body)
        if answer is None:
            self.close_connection = True
            return
        status, headers, content = answer
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing: the test reads `requests`."""


def accepted(body: dict[str, Any]) -> Answer:
    wamid = f"wamid.{body['biz_opaque_callback_data']}"
    return 200, {}, json.dumps({"messages": [{"id": wamid}]}).encode()


def refused(status: int, code: int | None, **headers: str) -> Callable[[dict[str, Any]], Answer]:
    error = {"message": f"(#{code}) to 56987654321", "type": "OAuthException", "code": code}
    return lambda body: (status, headers, json.dumps({"error": error}).encode())


@contextmanager
def serving() -> Iterator[GraphApi]:
    server = GraphApi()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        server.closed.set()
        server.shutdown()
        server.server_close()
        thread.join()
