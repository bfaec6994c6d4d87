"""The door: who comes in, and how much they carry."""

import hmac
import re
from collections.abc import Callable, Sequence

from fastapi.security import APIKeyHeader
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.problems import problem, problem_of
from app.errors import Unauthenticated

OPEN_PATHS = (
    "/health/live",
    "/health/ready",
    "/docs",
    "/openapi.json",
    "/swagger/swagger-ui-bundle.js",
    "/swagger/swagger-ui.css",
    "/swagger/favicon-32x32.png",
)
# The feed that a phone subscribes to: phones send no headers, so its route asks for a token.
OPEN_FEED = re.compile(r"/v1/companies/[^/]+/calendar\.ics")
SIGNED_PATHS = ("/webhooks/whatsapp",)  # who sends there proves itself by a signature
PAGE = re.compile(r"/ops(/.*)?")  # people sign in there; app/web asks for their session
LARGEST_BODY = 64 * 1024  # bytes; every body of this API is a few short fields

api_key_header = APIKeyHeader(
    name="X-API-Key",
    scheme_name="ApiKey",
    auto_error=False,  # the gate below decides; this one is the entry in OpenAPI
    description="One of the keys in API_KEYS (`make credentials` shows the demo's).",
)


class Gate:
    """Refuses requests without a valid key before anything reads their body."""

    def __init__(self, app: ASGIApp, keys: Callable[[], Sequence[str]]) -> None:
        self._app = app
        self._keys = keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, or answers 401 or 413 itself."""
        if scope["type"] != "http" or _is_open(scope["method"], scope["path"]):
            return await self._app(scope, receive, send)
        headers = Headers(scope=scope)
        proven = scope["path"] in SIGNED_PATHS or bool(PAGE.fullmatch(scope["path"]))
        if not proven and not is_valid_key(headers.get("x-api-key", ""), self._keys()):
            return await problem_of(Unauthenticated())(scope, receive, send)
        if _is_too_large(headers):
            refusal = problem(413, "body_too_large", f"A body has at most {LARGEST_BODY} bytes.")
            return await refusal(scope, receive, send)
        return await self._app(scope, receive, send)


def _is_open(method: str, path: str) -> bool:
    return path in OPEN_PATHS or (method == "GET" and bool(OPEN_FEED.fullmatch(path)))


def is_valid_key(given: str, keys: Sequence[str]) -> bool:
    """Returns whether `given` is one of `keys`, in a time that does not depend on which."""
    matches = [hmac.compare_digest(given.encode(), key.encode()) for key in keys]
    return any(matches)


def _is_too_large(headers: Headers) -> bool:
    """A body of unknown length counts as too large: no client of JSON needs one."""
    length = headers.get("content-length")
    if length is None:
        return "transfer-encoding" in headers
    return not length.isdecimal() or int(length) > LARGEST_BODY
