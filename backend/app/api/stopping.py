"""Whether the server is about to stop: answers without an end of their own have to know.

uvicorn tells an application only once every answer is complete, and an open stream would keep it
from stopping until gunicorn kills it, 30 s later. So this asks the one who hears the signals.
"""

import signal

from uvicorn import Server


def is_stopping() -> bool:
    """Returns whether the server that answers was told to stop; False where none runs."""
    server = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)
    return isinstance(server, Server) and server.should_exit
