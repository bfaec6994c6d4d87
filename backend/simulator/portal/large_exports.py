"""www4.sii.cl: files of registers that are too large for one answer (`getCtrlAsync`)."""

import gzip
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from simulator.exports import FINISHED, Export
from simulator.faults import kind_met
from simulator.portal.facade import SERVICES, unauthorized
from simulator.portal.rcv_faults import renamed_column
from simulator.sessions import Session

METHOD = "obtenerArchivoBLOB"


async def serve(request: Request) -> Response:
    """The file, if it is offered to who asks; asking for any other is a violation."""
    simulator = request.app.state.simulator
    session = simulator.sessions.of_request(request)
    if session is None or not session.is_bound:
        return unauthorized()
    asked = request.path_params
    export = simulator.exports.find(asked["export_id"])
    if export is None or not _is_offered(export, session, asked):
        login_rut = session.account.login_rut.canonical
        simulator.journal.record_violation("export_not_offered", login_rut)
        return PlainTextResponse("Not Found", 404)
    export.is_fetched = True
    rut, period, operation, state = export.books
    simulator.journal.count_reading(METHOD, rut.canonical, str(period), operation, state)
    name = f"RCV_{operation}_{state}_{rut.canonical}_{period}.csv.gz"
    return Response(
        _content(export, kind_met(request)),
        media_type="application/x-gzip",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _is_offered(export: Export, session: Session, asked: dict[str, Any]) -> bool:
    rut = export.books.rut
    return (
        export.status == FINISHED
        and (asked["blob"], asked["rut"]) == (export.blob, rut.digits)
        and asked["user"] == session.account.login_rut.digits
        and rut in {company.rut for company in session.account.companies}
    )


def _content(export: Export, kind: str) -> bytes:
    header, *rows = renamed_column(export.lines) if kind == "csv_bad_header" else export.lines
    text = "\n".join([header, *(f"{row};" for row in rows)]) + "\n"
    content = gzip.compress(text.encode("latin-1", "replace"), mtime=0)
    return content[: len(content) // 2] if kind == "export_corrupt" else content


routes = [
    Route(
        f"{SERVICES}/{METHOD}/{{blob}}/{{user}}/{{rut}}/{{export_id:int}}", serve, methods=["GET"]
    )
]
