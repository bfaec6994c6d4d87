"""A port for a server that a test starts."""

import socket


def free_port() -> int:
    """Returns a port of 127.0.0.1 on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])
