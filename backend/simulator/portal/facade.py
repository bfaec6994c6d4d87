"""www4.sii.cl: the RCV's facade service, as strict as the real one is known to be."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from simulator.exports import Books
from simulator.faults import kind_met
from simulator.portal.answers import (
    NO_DOCUMENTS,
    control_row,
    detail_row,
    envelope,
    header,
    summary_row,
)
from simulator.portal.export import export_lines
from simulator.portal.query import LARGE, NAMESPACE, Query, Refusal, check_envelope, read_query
from simulator.portal.rcv_faults import spoilt
from simulator.sessions import Session
from simulator.state import Simulator
from simulator.truth import DailyBoletas, Document, Period
from simulator.truth.book import summaries
from simulator.truth.documents import PURCHASE, SALE

SERVICES = "/consdcvinternetui/services/data/facadeService"
# Of one answer; with more documents than these it has none at all, and no error (docs/sii.md).
LARGEST_ANSWER = 393
WRITE_METHODS = ("ingresarAceptacionReclamoDocs",)
_ACCEPTED = {"application/json", "text/plain", "*/*"}
_DIRECTIONS = {"COMPRA": PURCHASE, "VENTA": SALE}


async def serve(request: Request) -> Response:
    """Answer one method: first what JBoss refuses, then what the service refuses."""
    simulator: Simulator = request.app.state.simulator
    method = request.path_params["method"]
    session = simulator.sessions.of_request(request)
    if method in WRITE_METHODS:
        rut = session.account.login_rut.canonical if session else ""
        simulator.journal.record_violation("write_attempted", rut)
    refused = refused_by_server(request, session)
    if refused or session is None:
        return refused or unauthorized()
    if method not in _METHODS:
        return PlainTextResponse("Not Found", 404)
    return await _answer(request, simulator, session, method)


def refused_by_server(request: Request, session: Session | None) -> Response | None:
    """What the server says before the service is asked: 401 unbound, 500 for a wrong Accept."""
    if session is None or not session.is_bound:
        return unauthorized()
    accept = {part.strip() for part in request.headers.get("accept", "").split(",")}
    if accept != _ACCEPTED:
        return PlainTextResponse("RESTEASY001530: Reader for templates data", 500)
    return None


def unauthorized() -> Response:
    """JBoss's page for a request whose session it does not know."""
    title = "JBWEB000065: HTTP Status 401"
    return HTMLResponse(f"<html><head><title>{title}</title></head></html>", 401)


@dataclass(frozen=True)
class Call:
    """One call of a method that the server let through."""

    simulator: Simulator
    session: Session
    method: str
    metadata: dict[str, Any]
    data: dict[str, Any]

    def answer(self, data: Any) -> dict[str, Any]:
        """What went well; an empty list is said by a code of its own."""
        if data == []:
            return envelope(self.metadata, [], NO_DOCUMENTS, "No existen documentos", "SIN_DATOS")
        return envelope(self.metadata, data)

    def question(self) -> Query:
        """What is asked for; raises Refusal."""
        if "getDatosInicio" not in self.session.steps:
            raise Refusal(7, "Debe llamar primero a getDatosInicio", "INICIO")
        current = Period.of(self.simulator.clock.today())
        return read_query(self.method, self.data, self.session, current)

    def documents(self) -> tuple[Query, list[Document]]:
        """The question and the documents that answer it; raises Refusal."""
        query = self.question()
        self.simulator.journal.count_reading(
            self.method, query.rut.canonical, str(query.period), query.operation, query.state
        )
        return query, [
            document
            for document in self.simulator.book.documents(query.rut, query.period)
            if document.direction == _DIRECTIONS[query.operation]
            and document.accounting_state == query.state
            and query.doc_type in (0, document.doc_type)
        ]

    def boletas(self, query: Query) -> list[DailyBoletas]:
        """What the sales have besides documents."""
        is_sale = query.operation == "VENTA"
        return self.simulator.book.boletas(query.rut, query.period) if is_sale else []


async def _answer(
    request: Request, simulator: Simulator, session: Session, method: str
) -> Response:
    try:
        asked = json.loads(await request.body())
        made = Call(simulator, session, method, dict(asked["metaData"]), dict(asked["data"] or {}))
    except (ValueError, TypeError, KeyError):
        return PlainTextResponse("Bad Request", 400)
    try:
        check_envelope(NAMESPACE, method, made.metadata, session)
        return JSONResponse(spoilt(kind_met(request), method, _METHODS[method](made)))
    except Refusal as refusal:
        return JSONResponse(
            envelope(made.metadata, None, refusal.code, refusal.text, refusal.error)
        )


def _start_data(call: Call) -> dict[str, Any]:
    call.session.steps.add("getDatosInicio")
    rut = call.session.account.login_rut
    current = Period.of(call.simulator.clock.today())
    return call.answer({"rut": rut.digits, "dv": rut.dv, "ptributario": str(current)})


def _companies(call: Call) -> dict[str, Any]:
    return call.answer(
        [
            {"rut": one.rut.digits, "dv": one.rut.dv, "razonSocial": one.business_name}
            for one in call.session.account.companies
        ]
    )


def _summary(call: Call) -> dict[str, Any]:
    query, documents = call.documents()
    counted = summaries(documents, call.boletas(query))
    total = sum(one.count for one in counted)
    rows = [summary_row(one) for one in counted]
    return call.answer(rows) | {"totDocRes": total, "dataCabecera": header(query.period)}


def _detail(call: Call) -> dict[str, Any]:
    _, documents = _of_one_answer(call)
    return call.answer([detail_row(one) for one in documents])


def _of_one_answer(call: Call) -> tuple[Query, list[Document]]:
    query, documents = call.documents()
    return query, documents if len(documents) <= LARGEST_ANSWER else []


def _export(call: Call) -> dict[str, Any]:
    query, documents = _of_one_answer(call)
    name = f"RCV_{query.operation}_{query.state}_{query.rut.canonical}_{query.period}.csv"
    lines = export_lines(query.operation, query.state, documents) if documents else []
    return call.answer(lines) | {"nombreArchivo": name}


def _large_export(call: Call) -> dict[str, Any]:
    """Begins a file (`generaCtrl`), or tells how far those of a month are."""
    query = call.question()
    books = Books(query.rut, query.period, query.operation, query.state)
    exports, journal = call.simulator.exports, call.simulator.journal
    if call.data["generaCtrl"]:
        if exports.unfetched(books):
            journal.record_violation("export_asked_twice", query.rut.canonical)
        _, documents = call.documents()
        lines = export_lines(query.operation, query.state, documents)
        exports.ask(books, lines, len(documents))
    else:
        exports.look(books)
    return call.answer([control_row(one) for one in exports.like(books)])


_METHODS: dict[str, Callable[[Call], dict[str, Any]]] = {
    "getDatosInicio": _start_data,
    "getDcvEmpresasAutorizadas": _companies,
    "getResumen": _summary,
    "getDetalleCompra": _detail,
    "getDetalleVenta": _detail,
    "getDetalleCompraExport": _export,
    "getDetalleVentaExport": _export,
    LARGE: _large_export,
}

routes = [Route(f"{SERVICES}/{{method}}", serve, methods=["POST"])]
