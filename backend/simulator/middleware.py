"""What every request to an outside service goes through: the journal, latency and faults."""

import asyncio
import contextlib
import json
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from simulator.encodings import in_latin1
from simulator.faults import CONTENT_KINDS, Fault
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
        self._judge_pace(request)
        fault = self._simulator.faults.take(scope["path"], self._ruts(request, body))
        if fault and fault.kind in CONTENT_KINDS:
            request.state.fault = fault
        answer = await _suffer(fault, request, receive) if fault else None
        if fault and fault.kind == "lost_answer":
            await self._app(scope, _replay(body, receive), _drop)
            answer = PlainTextResponse("Bad Gateway", 502)
        elif fault and fault.kind == "late_answer":
            send = _delayed(send, fault.ms)
        elif fault and fault.kind == "latin1":
            send = in_latin1(send)
        elif fault and fault.kind == "expired_session":
            self._simulator.sessions.close(request.cookies.get("TOKEN"))
        await (answer or self._app)(scope, _replay(body, receive), send)

    def _judge_pace(self, request: Request) -> None:
        host = request.client.host if request.client else ""
        if not self._simulator.politeness.allows(host, request.url.path):
            session = self._simulator.sessions.of_request(request)
            rut = session.account.login_rut.canonical if session else ""
            self._simulator.journal.record_violation("too_fast", rut)

    def _ruts(self, request: Request, body: bytes) -> set[str]:
        """Every RUT that a request is about: who is logged in, and whom the body names."""
        session = self._simulator.sessions.of_request(request)
        ruts = {session.account.login_rut.canonical} if session else set()
        return ruts | _ruts_of_body(request.headers.get("content-type", ""), body)


def _ruts_of_body(content_type: str, body: bytes) -> set[str]:
    with contextlib.suppress(ValueError, TypeError, AttributeError, KeyError):
        if "json" in content_type:
            data = json.loads(body)["data"]
            names = ("rutEmisor", "dvEmisor") if "rutEmisor" in data else ("rut", "dv")
            return {"-".join(str(data[name]) for name in names)}
        form = parse_qs(body.decode())
        names = ("rut", "dv") if "rut" in form else ("rut_arrastre", "dv_arrastre")
        return {"-".join(form[name][0] for name in names).upper()}
    return set()


def _replay(body: bytes, receive: Receive) -> Receive:
    """The body was read to match faults: hand it to the application once more."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def next_message() -> Message:
        return messages.pop() if messages else await receive()

    return next_message


async def _drop(message: Message) -> None:
    """Lets nothing of an answer through."""


def _delayed(send: Send, ms: int) -> Send:
    async def later(message: Message) -> None:
        if message["type"] == "http.response.start":
            await asyncio.sleep(ms / 1000)
        await send(message)

    return later


async def _suffer(fault: Fault, request: Request, receive: Receive) -> Response | None:
    """Live through a fault; None lets the request go on."""
    match fault.kind:
        case "slow_page":
            await asyncio.sleep(fault.ms / 1000)
        case "hold":
            await _hold(fault, receive)
        case "http_400":
            return PlainTextResponse("Bad Request", 400)
        case "http_500":
            return PlainTextResponse("Internal Server Error", 500)
        case "http_503":
            return PlainTextResponse("Service Unavailable", 503)
        case "rate_limit_429":
            headers = {"Retry-After": str(fault.retry_after)}
            return PlainTextResponse("Too Many Requests", 429, headers)
        case "json_html_body":
            page = "<html><body>Error inesperado (simulado)</body></html>"
            return HTMLResponse(page, media_type="application/json")
        case "maintenance":
            return RedirectResponse(f"{Links.of(request).auth}/ayudas/900.html", 302)
        case "queue_wait":
            return RedirectResponse(
                Links.of(request).waiting_room(str(request.url), fault.retry_after), 302
            )
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
