"""One id and one log line for each request, and an answer where nobody else has one."""

import logging
import re
import time
from contextvars import ContextVar
from typing import Any
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.problems import defect

request_id: ContextVar[str] = ContextVar("request_id", default="")
logger = logging.getLogger(__name__)


def request_context(_: logging.LogRecord) -> dict[str, Any]:
    """Returns what a log line says of the request that is being answered, if any."""
    return {"request": request_id.get()} if request_id.get() else {}


class AccessLog:
    """Gives each request an id, and writes one line when it is answered. No query: it may name
    people."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes everything on."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        given = Headers(scope=scope).get("x-request-id", "")
        request_id.set(given if re.fullmatch(r"[A-Za-z0-9._-]{1,64}", given) else uuid4().hex)
        seen: dict[str, Any] = {"begun": time.monotonic()}

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                seen["status"] = message["status"]
                MutableHeaders(scope=message)["X-Request-ID"] = request_id.get()
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        except Exception:
            logger.exception("%s %s failed", scope["method"], scope["path"])
            if "status" not in seen:
                await defect()(scope, receive, send_with_id)
        finally:
            _write_line(scope, seen)


def _write_line(scope: Scope, seen: dict[str, Any]) -> None:
    if scope["path"].startswith("/health/") and seen.get("status") == 200:
        return  # a line each few seconds, by which nobody learns anything
    took = round((time.monotonic() - seen["begun"]) * 1000)
    logger.info(
        "%s %s %s", scope["method"], scope["path"], seen.get("status"), extra={"milliseconds": took}
    )
