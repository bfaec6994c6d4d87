"""A server of one process for few and short questions: the standard library's, a thread each."""

import socket
from socketserver import TCPServer, ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from app.metrics.endpoint import Endpoint


class _Handler(WSGIRequestHandler):
    timeout = 10  # s that a connection may be silent

    def log_message(self, *_: Any) -> None:
        """Says nothing: a scrape each few seconds is no event."""


class MetricsServer(ThreadingMixIn, WSGIServer):
    """Listens on `host`; on `::` for both families, as private networks of IPv6 alone need."""

    daemon_threads = True

    def __init__(self, host: str, port: int, endpoint: Endpoint) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), _Handler)
        self.set_app(endpoint)

    def server_bind(self) -> None:
        """Binds without asking a resolver for this machine's name, as the base class does."""
        if self.address_family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "metrics", self.server_address[1]
        self.setup_environ()
