"""What every request to an outside service goes through: the journal, latency and faults."""

import asyncio
import contextlib
import json
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from simulator.faults import Fault
from simulator.links import Links
from simulator.state import Simulator

ADMIN_PREFIX = "/__sim__"


class Interference:
    """ASGI middleware; the admin pages pass untouched."""

    def __init__(self, app: ASGIApp, simulator: Simulator) -> None:
        self._app = app
        self._simulator = simulator

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(ADMIN_PREFIX):
            await self._app(scope, receive, send)
            return
        self._simulator.journal.count_request(scope["method"], scope["path"])
        await asyncio.sleep(self._simulator.settings.latency_ms / 1000)
        request = Request(scope, receive)
        body = await request.body()
        fault = self._simulator.faults.take(scope["path"], self._ruts(request, body))
        answer = await _suffer(fault, request, receive) if fault else None
        await (answer or self._app)(scope, _replay(body, receive), send)

    def _ruts(self, request: Request, body: bytes) -> set[str]:
        """Every RUT that a request is about: who is logged in, and whom the body names."""
        session = self._simulator.sessions.of_request(request)
        ruts = {session.account.login_rut.canonical} if session else set()
        return ruts | _ruts_of_body(request.headers.get("content-type", ""), body)


def _ruts_of_body(content_type: str, body: bytes) -> set[str]:
    with contextlib.suppress(ValueError, TypeError, AttributeError, KeyError):
        if "json" in content_type:
            data = json.loads(body)["data"]
            return {f"{data['rutEmisor']}-{data['dvEmisor']}"}
        form = parse_qs(body.decode())
        return {f"{form['rut'][0]}-{form['dv'][0].upper()}"}
    return set()


def _replay(body: bytes, receive: Receive) -> Receive:
    """The body was read to match faults: hand it to the application once more."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def next_message() -> Message:
        return messages.pop() if messages else await receive()

    return next_message


async def _suffer(fault: Fault, request: Request, receive: Receive) -> Response | None:
    """Live through a fault; None lets the request go on."""
    match fault.kind:
        case "slow_page":
            await asyncio.sleep(fault.ms / 1000)
        case "hold":
            await _hold(fault, receive)
        case "http_500":
            return PlainTextResponse("Internal Server Error", 500)
        case "http_503":
            return PlainTextResponse("Service Unavailable", 503)
        case "maintenance":
            return RedirectResponse(f"{Links.of(request).auth}/ayudas/900.html", 302)
    return None


async def _hold(fault: Fault, receive: Receive) -> None:
    """Wait until the rule is removed, or the client is gone (else a stop would hang)."""
    waits = [asyncio.create_task(fault.removed.wait()), asyncio.create_task(_gone(receive))]
    fault.waiting += 1
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        fault.waiting -= 1
        for wait in waits:
            wait.cancel()


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
