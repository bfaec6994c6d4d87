"""www4.sii.cl: the two lists of F29 (B: rfiInternet, A: sifmConsultaInternet), detail and PDF."""

import json
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from simulator.faults import kind_met
from simulator.links import Links
from simulator.portal.f29_pdf import broken, compact_form
from simulator.portal.pages import render
from simulator.sessions import Session
from simulator.state import Simulator
from simulator.truth.f29 import Form
from simulator.truth.f29_codes import GLOSSES

LIST_A = "/sifmConsultaInternet/index.html"
LIST_B = "/rfiInternet/rectificarF29/index.html"
OLD_LIST = "old_f29_list"  # the fault that leads to list A, as the portal did in November 2025
MONTHS = ("Ene", "Feb", "Mar", "Abr", "May", "Jun", "Jul", "Ago", "Sep", "Oct", "Nov", "Dic")
REFERERS = ("/sifmConsultaInternet/", "/rfiInternet/")


async def list_b(request: Request) -> Response:
    """The list of returns with the links Detalle, Formulario, C. Solemne and Rectificar."""
    if kind_met(request) == OLD_LIST:
        return RedirectResponse(f"{Links.of(request).services}{LIST_A}?dest=cifxx&form=29", 302)
    return _list(request, "B", LIST_B)


async def list_a(request: Request) -> Response:
    """The older list, whose rows lead to a detail with a button."""
    if request.query_params.get("form") != "29":
        return PlainTextResponse("form=29 is required", 400)
    return _list(request, "A", f"{LIST_A}?dest=cifxx&form=29")


def _list(request: Request, variant: str, path: str) -> Response:
    simulator: Simulator = request.app.state.simulator
    session = simulator.sessions.of_request(request)
    if session is None:
        links = Links.of(request)
        return RedirectResponse(links.login(f"{links.services}{path}"), 302)
    today = simulator.clock.today()
    return render(request, "f29.html", variant=variant, today=today)


async def search(request: Request) -> Response:
    """GWT's `getDocumentosBusqueda`: the returns of a year as `//OK[...]`."""
    session = request.app.state.simulator.sessions.of_request(request)
    parts = (await request.body()).decode(errors="replace").split("|")
    if session is None:
        return PlainTextResponse("//EX[1,0,7]")
    if len(parts) != 4 or parts[:2] != ["getDocumentosBusqueda", "29"] or not parts[2].isdigit():
        return PlainTextResponse("//EX[2,0,7]")
    rows = [
        _row(form, kind_met(request))
        for form in _forms(request, session)
        if form.period.year == int(parts[2])
    ]
    return PlainTextResponse(f"//OK{json.dumps(rows)}")


def _row(form: Form, fault: str) -> list[object]:
    return [
        f"{MONTHS[form.period.month - 1]} {form.period.year}",
        form.folio,
        form.company.rut.canonical,
        f"{form.submitted_on:%d/%m/%Y}",
        "En Revisión" if fault == "unknown_status" else form.status,
        form.amount,
        form.cod_int,
    ]


def _forms(request: Request, session: Session) -> list[Form]:
    """Every return that a session may see: those of each company that it represents."""
    book = request.app.state.simulator.book
    return [form for company in session.account.companies for form in book.forms(company.rut)]


async def rectify(request: Request) -> Response:
    """Where the link Rectificar leads: whoever only reads never comes here."""
    simulator: Simulator = request.app.state.simulator
    session = simulator.sessions.of_request(request)
    rut = session.account.login_rut.canonical if session else ""
    simulator.journal.record_violation("rectify_clicked", rut)
    return PlainTextResponse("//EX[9,0,7]", 403)


async def detail(request: Request) -> Response:
    """The return as a page, with the object `datos` of the tax folder (CTE)."""
    form = _asked(request)
    if form is None:
        return _not_found()
    return render(request, "f29_detail.html", form=form, data=detail_data(form), glosses=GLOSSES)


def detail_data(form: Form) -> dict[str, dict[str, str]]:
    """The page's `datos`: values by code, and what identifies the return."""
    period = f"{form.period.year}{form.period.month:02d}"
    identity = {"003": form.company.rut.canonical, "007": str(form.folio), "015": period}
    amounts = {f"{code:03d}": str(value) for code, value in form.codes.items()}
    fields = identity | amounts
    kinds = {"003": "R", "015": "C"}
    return {
        "campos": fields,
        "extras": {"FOLIO": str(form.folio), "PERIODO": period, "CODINT": str(form.cod_int)},
        "glosa": {code: GLOSSES.get(int(code), "") for code in fields},
        "tipos": {code: kinds.get(code, "N") for code in fields},
    }


async def compact(request: Request) -> Response:
    """`formCompacto`: the PDF, for who comes from a list and asks for PDF."""
    links = Links.of(request)
    if request.app.state.simulator.sessions.of_request(request) is None:
        return RedirectResponse(links.login(str(request.url)), 302)
    referer, accept = request.headers.get("referer", ""), request.headers.get("accept", "")
    # A new window of a browser asks for anything; a program has to say that it wants PDF.
    if not any(f"{links.services}{part}" in referer for part in REFERERS) or not any(
        kind in accept for kind in ("application/pdf", "text/html")
    ):
        return PlainTextResponse("Forbidden", 403)
    form = _asked(request)
    if form is None:
        return _not_found()
    return _pdf(request, form)


def _pdf(request: Request, form: Form) -> Response:
    fault = kind_met(request)
    body = broken(fault, form, compact_form(form))
    kind = "text/html" if fault == "pdf_html" else "application/pdf"
    return Response(body, media_type=kind)


def _asked(request: Request) -> Form | None:
    """The return that a query names in every detail, if the session may see it."""
    session = request.app.state.simulator.sessions.of_request(request)
    asked = {name: values[0] for name, values in parse_qs(request.url.query).items()}
    if session is None or asked.get("form", "").lstrip("0") != "29":
        return None
    key = (asked.get("folio"), asked.get("rut"), asked.get("codInt"))
    for form in _forms(request, session):
        if key == (str(form.folio), form.company.rut.digits, str(form.cod_int)):
            return form
    return None


def _not_found() -> Response:
    return HTMLResponse("<html><body>No se encontró la declaración.</body></html>")


routes = [
    Route(LIST_A, list_a),
    Route(LIST_B, list_b),
    Route("/sifmConsultaInternet/svcConsulta", search, methods=["POST"]),
    Route("/rfiInternet/svcConsulta", search, methods=["POST"]),
    Route("/rfiInternet/rectificarF29/rectificar", rectify, methods=["POST"]),
    Route("/rfiInternet/formDetalle", detail),
    Route("/rfiInternet/formCompacto", compact),
]
