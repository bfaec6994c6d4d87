"""zeusr.sii.cl: the login page, the login itself, logout, and the token for JBoss."""

import json
import re
from datetime import timedelta
from urllib.parse import parse_qs

from cl_sii.rut import Rut
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from simulator.faults import LOGIN_KINDS, kind_met
from simulator.links import LOGIN_PATH, Links
from simulator.logins import Outcome
from simulator.portal.login_messages import INCOMPLETE_FORM, MESSAGES
from simulator.portal.pages import ROOT, render
from simulator.sessions import Session
from simulator.state import Simulator

CODE = "411"  # the name of the form's opaque hidden field
SESSION_COOKIE_HOURS = 2


async def login_page(request: Request) -> Response:
    """The form. A firewall cookie comes with it, as at the portal; it is no session."""
    response = render(request, "login.html")
    response.set_cookie("TS01a1b2c3", "01simulado", path="/")
    return response


async def log_in(request: Request) -> Response:
    """Judge a posted form: 302 with cookies, or 200 with a message and its code."""
    simulator: Simulator = request.app.state.simulator
    body = (await request.body()).decode(errors="replace")
    form = {name: values[0] for name, values in parse_qs(body).items()}
    rut = _posted_rut(form)
    if rut is None or CODE not in form:
        return _refusal(request, *INCOMPLETE_FORM)
    fault = kind_met(request)
    outcome = simulator.logins.attempt(
        rut, form.get("clave", ""), fault if fault in LOGIN_KINDS else ""
    )
    if outcome is not Outcome.OK:
        return _refusal(request, *MESSAGES[outcome])
    session = simulator.sessions.open(simulator.book.accounts[rut])
    links = Links.of(request)
    wanted = form.get("referencia", "")
    response = RedirectResponse(wanted if links.owns(wanted) else links.home_page, 302)
    _set_session_cookies(response, session, simulator)
    return response


def _posted_rut(form: dict[str, str]) -> Rut | None:
    try:
        return Rut(f"{form['rut']}-{form['dv']}", validate_dv=True)
    except (KeyError, ValueError, TypeError):
        return None


def _refusal(request: Request, text: str, code: str) -> Response:
    return render(request, "login_refused.html", text=text, code=code)


def _session_cookies(session: Session, simulator: Simulator) -> dict[str, str]:
    rut = session.account.login_rut
    ends = simulator.clock.now() + timedelta(hours=SESSION_COOKIE_HOURS)
    live_wire = {
        "rut": rut.digits,
        "rutm": rut.digits,
        "dv": rut.dv,
        "dvm": rut.dv,
        "clave": session.token[:8],
        "mac": session.token[8:20],
        "exp": ends.strftime("%Y%m%d%H%M%S"),
        "sec": "0",
        "lms": "3600",
    }
    return {
        "TOKEN": session.token,
        "CSESSIONID": session.token,
        "RUT_NS": rut.digits,
        "DV_NS": rut.dv,
    } | {f"NETSCAPE_LIVEWIRE.{name}": value for name, value in live_wire.items()}


def _set_session_cookies(response: Response, session: Session, simulator: Simulator) -> None:
    for name, value in _session_cookies(session, simulator).items():
        response.set_cookie(name, value, path="/")


async def log_out(request: Request) -> Response:
    """End the session, drop its cookies and lead away from this path."""
    simulator: Simulator = request.app.state.simulator
    session = simulator.sessions.of_request(request)
    simulator.sessions.close(request.cookies.get("TOKEN"))
    response = RedirectResponse(f"{Links.of(request).home}/cgi_misii/cierre.html", 302)
    for name in _session_cookies(session, simulator) if session else ():
        response.delete_cookie(name, path="/")
    return response


async def token_data(request: Request) -> Response:
    """JSONP that binds the JBoss session of the RCV to this authentication."""
    callback = request.query_params.get("callback", "")
    if not re.fullmatch(r"jQuery\w*", callback):
        return PlainTextResponse("callback=jQuery... is required", 400)
    session = request.app.state.simulator.sessions.of_request(request)
    if session:
        session.steps.add("AutTknData")
    data = {"codigo": 0 if session else 28, "rut": session and session.account.login_rut.canonical}
    return Response(f"{callback}({json.dumps(data)})", media_type="application/javascript")


async def maintenance(request: Request) -> Response:
    """Where the portal leads everybody while it is out of service."""
    return render(request, "maintenance.html")


async def waiting_room(request: Request) -> Response:
    """Where everybody waits while too many are at the portal; it leads on by itself."""
    wanted, seconds = request.query_params.get("t", ""), request.query_params.get("s", "")
    links = Links.of(request)
    destination = wanted if links.owns(wanted) else links.home_page
    wait = int(seconds) if seconds.isdigit() else 30
    response = render(request, "waiting_room.html", destination=destination, seconds=wait)
    response.set_cookie("QueueITAccepted-SDFrts345E-V3_sii", "simulado", path="/")
    return response


routes = [
    Route(LOGIN_PATH, login_page),
    Mount("/AUT2000/js", StaticFiles(directory=ROOT / "static" / "js")),
    Route("/cgi_AUT2000/CAutInicio.cgi", log_in, methods=["POST"]),
    Route("/cgi_AUT2000/autTermino.cgi", log_out),
    Route("/cgi_AUT2000/AutTknData.cgi", token_data),
    Route("/ayudas/900.html", maintenance),
    Route("/queue-it/", waiting_room),
]
