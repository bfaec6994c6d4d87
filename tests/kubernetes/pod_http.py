"""HTTP to a port of a pod, whatever lies between the pod and this machine."""

import json

import httpx

from tests.bundle import Bundle

_SEND = """
import json, sys
from urllib.error import HTTPError
from urllib.request import Request, urlopen
asked = json.load(sys.stdin)
asked["data"] = asked["data"].encode() or None
try:
    answer = urlopen(Request(**asked), timeout=30)
except HTTPError as error:
    answer = error
print(json.dumps({"status_code": answer.status, "text": answer.read().decode()}))
"""
_OF_THE_CONNECTION = ("host", "connection", "accept-encoding", "content-length")


class PodTransport(httpx.BaseTransport):
    """Sends each request from inside a pod: keys go by standard input, into no argument list."""

    def __init__(self, bundle: Bundle, part: str) -> None:
        self.bundle = bundle
        self.part = part

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Returns the answer's status and text."""
        asked = {
            "url": str(request.url),
            "method": request.method,
            "data": request.read().decode(),
            "headers": {
                name: value
                for name, value in request.headers.items()
                if name not in _OF_THE_CONNECTION
            },
        }
        printed = self.bundle.execute(self.part, "python", "-c", _SEND, stdin=json.dumps(asked))
        return httpx.Response(**json.loads(printed))
