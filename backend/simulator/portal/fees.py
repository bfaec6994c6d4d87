"""loa.sii.cl: the monthly report of boletas de honorarios that a company received.

A page in latin-1 whose tables are empty: its script holds the rows, a hundred a page.
"""

from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator.faults import kind_met
from simulator.links import Links
from simulator.portal.pages import render
from simulator.portal.query import Refusal, authorised_rut, read_period
from simulator.sessions import Session
from simulator.state import Simulator
from simulator.truth import Fee, Period

REPORT = "/cgi_IMT/TMBCOC_InformeMensualBheRec.cgi"
ROWS = 100  # on a page
MISMATCH = "fees_mismatch"  # the fault that loses the last row of a page

Form = dict[str, str]


async def report(request: Request) -> Response:
    """One page of one company's month; without a session the login page, with status 200."""
    simulator: Simulator = request.app.state.simulator
    session = simulator.sessions.of_request(request)
    if session is None:
        return render(request, "login.html")
    if not request.headers.get("referer", "").startswith(f"{Links.of(request).receipts}/"):
        return _refusal(request, "I082", "host no definido")
    body = (await request.body()).decode(errors="replace") or request.url.query
    form = {name: values[0] for name, values in parse_qs(body).items()}
    try:
        return _report(request, simulator, session, form)
    except Refusal as refusal:
        return _refusal(request, refusal.error, str(refusal))


def _report(request: Request, simulator: Simulator, session: Session, form: Form) -> Response:
    if not form.get("pagina_solicitada", "").isdigit():
        raise Refusal(0, "falta pagina_solicitada", "TMB020a")
    rut = authorised_rut(form.get("rut_arrastre"), form.get("dv_arrastre"), session)
    asked = form.get("cbanoinformemensual", "") + form.get("cbmesinformemensual", "")
    period = read_period(asked, Period.of(simulator.clock.today()))
    page = max(int(form["pagina_solicitada"]), 1)  # 0 is the first one too
    simulator.journal.count_reading(
        "InformeMensualBheRec", rut.canonical, str(period), "HONORARIO", str(page)
    )
    fees = simulator.book.fees(rut, period)
    shown = fees[(page - 1) * ROWS : page * ROWS]
    if kind_met(request) == MISMATCH:
        shown = shown[:-1]
    answer = render(
        request,
        "fees.html",
        rut=rut,
        period=period,
        page=page,
        rows=[_row(one) for one in shown],
        sums=_sums(fees),
    )
    return _in_latin1(answer)


def _row(fee: Fee) -> dict[str, str]:
    annulled = f"{fee.annulled_on:%d/%m/%Y}" if fee.annulled_on else " "
    return {
        "nroboleta": _text(fee.folio),
        "rutemisor": _text(fee.issuer_rut.digits),
        "dvemisor": _text(fee.issuer_rut.dv),
        "nombre_emisor": _text(fee.issuer_name.replace("&", "&amp;")),
        "fecha_boleta": _text(f"{fee.issue_date:%d/%m/%Y}"),
        "totalhonorarios": _money(fee.gross),
        "honorariosliquidos": _money(fee.net),
        "es_soc_profesional": _text("NO"),
        "cod_comuna": _text("13101"),
        "retencion_receptor": _money(fee.withheld),
        "estado": _text(fee.status),
        "fechaanulacion": _text(annulled),
        "codigobarras": _text(f"{fee.issuer_rut.digits}{fee.folio:07d}51MUL"),
    }


def _text(value: object) -> str:
    return f'"{value}"'


def _money(amount: int) -> str:
    return f"formatMiles(\"{amount}\",'.')"


def _sums(fees: list[Fee]) -> dict[str, int]:
    return {
        "total_boletas": len(fees),
        "suma_honorarios": sum(one.gross for one in fees),
        "suma_retencion_receptor": sum(one.withheld for one in fees),
        "suma_liquido": sum(one.net for one in fees),
    }


def _refusal(request: Request, code: str, text: str) -> Response:
    return _in_latin1(render(request, "fees_refused.html", code=code, text=text))


def _in_latin1(page: Response) -> Response:
    text = bytes(page.body).decode().replace('charset="utf-8"', 'charset="iso-8859-1"')
    content = text.encode("latin-1", "xmlcharrefreplace")
    return Response(content, media_type="text/html; charset=iso-8859-1")


routes = [Route(REPORT, report, methods=["GET", "POST"])]
