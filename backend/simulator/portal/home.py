"""misiir.sii.cl: the home page, which tells a script who is logged in."""

from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from simulator.links import Links
from simulator.portal.pages import render
from simulator.truth import Account


async def home_page(request: Request) -> Response:
    """The home page with `DatosCntrNow`; without a session, the login page."""
    links = Links.of(request)
    session = request.app.state.simulator.sessions.of_request(request)
    if session is None:
        return RedirectResponse(links.login(links.home_page), 302)
    account = session.account
    return render(request, "home.html", account=account, taxpayer=taxpayer_data(account))


def taxpayer_data(account: Account) -> dict[str, Any]:
    """The global `DatosCntrNow`: razonSocial is null for a person, names are for a company."""
    person = account.is_person
    return {
        "contribuyente": {
            "rut": account.login_rut.digits,
            "dv": account.login_rut.dv,
            "razonSocial": None if person else account.name,
            "nombres": account.name.partition(" ")[0] if person else None,
            "apellidoPaterno": account.name.split()[1] if person else None,
            "glosaActividad": "ACTIVIDAD SIMULADA",
            "fechaInicioActividades": "01/01/2023",
            "segmentoDescripcion": "Persona" if person else "Micro y Pequeña Empresa",
            # The format of the portal's value is not known; S and N are a guess.
            "autorizadoDeclararDia20": "S" if account.declares_on_20 else "N",
        },
        "direcciones": [],
        "atributos": [],
        "alertas": [],
    }


async def goodbye(request: Request) -> Response:
    """Where logout leads to."""
    return render(request, "goodbye.html")


routes = [
    Route("/cgi_misii/siihome.cgi", home_page),
    Route("/cgi_misii/cierre.html", goodbye),
]
