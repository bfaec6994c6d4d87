"""/__sim__: what tests and people ask about the simulator, and how they steer it."""

from dataclasses import asdict
from datetime import date
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.state import Simulator
from simulator.truth import Document, Period
from simulator.truth.book import summaries


def _simulator(request: Request) -> Simulator:
    simulator: Simulator = request.app.state.simulator
    return simulator


async def health(request: Request) -> Response:
    """Whether HTTP and the mail sink are up; tells the mail sink's port."""
    return JSONResponse({"status": "ok", "smtp_port": _simulator(request).smtp_port})


async def companies(request: Request) -> Response:
    """The seeded companies with what their users would type into the product."""
    return JSONResponse(
        [
            {
                "kind": one.kind,
                "case": one.case,
                "rut": one.rut.canonical,
                "razon_social": one.business_name,
                "login_rut": one.login_rut.canonical,
                "clave": one.clave,
            }
            for one in _simulator(request).book.companies.values()
        ]
    )


async def truth(request: Request) -> Response:
    """The documents and summaries of ?period=YYYYMM as the portal shows them today."""
    book = _simulator(request).book
    by_canonical = {rut.canonical: rut for rut in book.companies}
    rut = by_canonical.get(request.path_params["rut"])
    if rut is None:
        raise HTTPException(404, "rut is no company of the simulator")
    try:
        period = Period.parse(request.query_params.get("period", ""))
    except ValueError as error:
        raise HTTPException(422, f"period: {error}") from error
    documents = book.documents(rut, period)
    return JSONResponse(
        {
            "rut": rut.canonical,
            "period": str(period),
            "documents": [_document(one) for one in documents],
            "summary": [asdict(one) for one in summaries(documents)],
        }
    )


def _document(document: Document) -> dict[str, Any]:
    amounts = document.amounts
    return {
        "direction": document.direction,
        "doc_type": document.doc_type,
        "folio": document.folio,
        "counterpart_rut": document.counterpart_rut,
        "counterpart_name": document.counterpart_name,
        "issue_date": document.issue_date.isoformat(),
        "reception_at": document.reception_at.isoformat(),
        "ack_at": document.ack_at and document.ack_at.isoformat(),
        "claim_at": document.claim_at and document.claim_at.isoformat(),
        "accounting_state": document.accounting_state,
        "exempt": amounts.exempt,
        "net": amounts.net,
        "vat": amounts.vat,
        "vat_non_rec": amounts.vat_non_rec,
        "other_taxes": [asdict(tax) for tax in amounts.other_taxes],
        "total": amounts.total,
    }


async def messages(request: Request) -> Response:
    """What WhatsApp and mail accepted; ?channel= picks one of them."""
    return JSONResponse(_simulator(request).sink.report(request.query_params.get("channel")))


async def state(request: Request) -> Response:
    """Sessions, login tries, held requests, request counts, violations. No token, no clave."""
    simulator = _simulator(request)
    live = [one.account.login_rut.canonical for one in simulator.sessions.live()]
    tries = simulator.logins.tries.items()
    return JSONResponse(
        {
            "seed": simulator.settings.seed,
            "today": simulator.clock.today().isoformat(),
            "open_sessions": {rut: live.count(rut) for rut in sorted(set(live))},
            "login_attempts": {rut.canonical: outcomes for rut, outcomes in tries},
            "faults": simulator.faults.report(),
            "held": simulator.faults.held,
            "messages": len(simulator.sink.messages),
        }
        | simulator.journal.report()
    )


async def reset(request: Request) -> Response:
    """Back to the start: sessions, tries, messages, faults and the date."""
    _simulator(request).reset()
    return Response(status_code=204)


async def set_clock(request: Request) -> Response:
    """PUT {"today": "2026-11-15"} fixes the date, {"today": null} lets it run again."""
    try:
        today = (await request.json())["today"]
        _simulator(request).clock.fixed = today and date.fromisoformat(today)
    except (ValueError, TypeError, KeyError) as error:
        raise HTTPException(422, "today must be a date such as 2026-11-15, or null") from error
    return Response(status_code=204)


async def faults(request: Request) -> Response:
    """The rules in force."""
    return JSONResponse(_simulator(request).faults.report())


async def add_faults(request: Request) -> Response:
    """POST one rule, or a list of them; answers with the rules and their ids."""
    try:
        given = await request.json()
        rules = given if isinstance(given, list) else [given]
        made = [_simulator(request).faults.add(dict(rule)) for rule in rules]
    except (ValueError, TypeError) as error:
        raise HTTPException(422, str(error)) from error
    return JSONResponse([one.report() for one in made], 201)


async def lift_faults(request: Request) -> Response:
    """DELETE every rule; what was held goes on."""
    _simulator(request).faults.clear()
    return Response(status_code=204)


async def lift_fault(request: Request) -> Response:
    """DELETE one rule."""
    if not _simulator(request).faults.remove(request.path_params["fault_id"]):
        raise HTTPException(404, "no such fault")
    return Response(status_code=204)


routes = [
    Route("/health", health),
    Route("/companies", companies),
    Route("/truth/{rut}", truth),
    Route("/messages", messages),
    Route("/state", state),
    Route("/reset", reset, methods=["POST"]),
    Route("/clock", set_clock, methods=["PUT"]),
    Route("/faults", faults),
    Route("/faults", add_faults, methods=["POST"]),
    Route("/faults", lift_faults, methods=["DELETE"]),
    Route("/faults/{fault_id:int}", lift_fault, methods=["DELETE"]),
]
