"""www4.sii.cl: the facade that counts boletas per day, as strict as the RCV's."""

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from simulator.faults import kind_met
from simulator.portal.answers import NO_DOCUMENTS, boletas_row, envelope
from simulator.portal.facade import refused_by_server, unauthorized
from simulator.portal.query import Data, Refusal, authorised_rut, check_envelope, read_period
from simulator.sessions import Session
from simulator.state import Simulator
from simulator.truth import Period
from simulator.truth.boletas import BOLETAS, VOUCHERS

METHOD = "obtieneListaBoletasMes"
SERVICE = f"/complementoscvui/services/data/facadeServiceBoletasDiarias/{METHOD}"
NAMESPACE = "cl.sii.sdi.lob.diii.dcv.data.impl.boletasdiarias.FacadeSettingApplicationService/"
MISMATCH = "boletas_mismatch"  # the fault that loses the last day of a list


async def serve(request: Request) -> Response:
    """Answer for one month and type, once the server and the envelope allow it."""
    simulator: Simulator = request.app.state.simulator
    session = simulator.sessions.of_request(request)
    refused = refused_by_server(request, session)
    if refused or session is None:
        return refused or unauthorized()
    try:
        asked = json.loads(await request.body())
        metadata, data = dict(asked["metaData"]), dict(asked["data"] or {})
    except (ValueError, TypeError, KeyError):
        return PlainTextResponse("Bad Request", 400)
    try:
        check_envelope(NAMESPACE, METHOD, metadata, session)
        _check_page(metadata.get("page"))
        rows = _rows(simulator, session, data)
    except Refusal as refusal:
        return JSONResponse(envelope(metadata, None, refusal.code, refusal.text, refusal.error))
    if not rows:
        answer = envelope(metadata, None, NO_DOCUMENTS, "No existen boletas", "SIN_DATOS")
        return JSONResponse(answer)
    shown = rows[:-1] if kind_met(request) == MISMATCH else rows
    return JSONResponse(envelope(metadata, {"boletas": shown}))


def _check_page(page: Any) -> None:
    """Whatever page is asked for, the whole month comes; without one, nothing does."""
    names = ("pageSize", "pageIndex")
    if not isinstance(page, dict) or not all(isinstance(page.get(name), int) for name in names):
        raise Refusal(2, "Falta page", "PAGINA")


def _rows(simulator: Simulator, session: Session, data: Data) -> list[dict[str, int]]:
    if data.get("tipoDocumento") not in (str(BOLETAS), str(VOUCHERS)):
        raise Refusal(6, "tipoDocumento no valido", "TIPO")
    rut = authorised_rut(data.get("rut"), data.get("dv"), session)
    period = read_period(data.get("periodo"), Period.of(simulator.clock.today()))
    doc_type = int(data["tipoDocumento"])
    simulator.journal.count_reading(
        METHOD, rut.canonical, str(period), "BOLETA", data["tipoDocumento"]
    )
    found = simulator.book.boletas(rut, period)
    return [boletas_row(one) for one in found if one.doc_type == doc_type]


routes = [Route(SERVICE, serve, methods=["POST"])]
