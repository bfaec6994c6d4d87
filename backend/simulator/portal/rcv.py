"""www4.sii.cl: the RCV's page and the calls with which it binds its session."""

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from simulator.links import Links
from simulator.portal.facade import unauthorized
from simulator.portal.pages import ROOT, render

PAGE = "/consdcvinternetui/"


async def index(request: Request) -> Response:
    """The page; without a session, the login page with this address behind `?`."""
    simulator = request.app.state.simulator
    session = simulator.sessions.of_request(request)
    if session is None:
        links = Links.of(request)
        return RedirectResponse(links.login(f"{links.services}{PAGE}"), 302)
    session.steps.add("index")
    return render(request, "rcv.html", today=simulator.clock.today(), account=session.account)


async def configuration(request: Request) -> Response:
    """autConfDataService/obtieneConf: the second step of the page's bootstrap."""
    data = {"ambiente": "SIMULADOR", "tiempoSesion": 3600}
    return _step(request, "obtieneConf", data)


async def load(request: Request) -> Response:
    """aaSessionService/load: the third step of the page's bootstrap."""
    return _step(request, "load", {"autenticado": True})


def _step(request: Request, name: str, data: dict[str, object]) -> Response:
    session = request.app.state.simulator.sessions.of_request(request)
    if session is None or "index" not in session.steps:
        return unauthorized()
    session.steps.add(name)
    return JSONResponse({"data": data, "respEstado": {"codRespuesta": 0}})


_COMMON = "/consdcvinternetui/common-1.0/services"

routes = [
    Route(PAGE, index),
    Route(f"{_COMMON}/autConfDataService/obtieneConf", configuration, methods=["POST"]),
    Route(f"{_COMMON}/aaSessionService/load", load),
    Mount("/consdcvinternetui/app", StaticFiles(directory=ROOT / "static")),
]
