"""/__sim__: what tests and people ask about the simulator, and how they steer it."""

import re
from dataclasses import asdict
from datetime import date
from hashlib import sha256
from typing import Any

from cl_sii.rut import Rut
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.portal.f29_pdf import compact_form
from simulator.state import Simulator
from simulator.truth import Company, Document, Fee, Period
from simulator.truth.f29 import Form


def _simulator(request: Request) -> Simulator:
    simulator: Simulator = request.app.state.simulator
    return simulator


async def health(request: Request) -> Response:
    """Whether HTTP and the mail sink are up; tells the mail sink's port."""
    return JSONResponse({"status": "ok", "smtp_port": _simulator(request).smtp_port})


async def companies(request: Request) -> Response:
    """The seeded companies with what their users would type into the product."""
    return JSONResponse([_company(one) for one in _simulator(request).book.companies.values()])


async def newcomers(request: Request) -> Response:
    """Companies that the portal knows, for demos of onboarding."""
    return JSONResponse([_company(one) for one in _simulator(request).book.newcomers.values()])


def _company(one: Company) -> dict[str, str]:
    return {
        "kind": one.kind,
        "case": one.case,
        "rut": one.rut.canonical,
        "razon_social": one.business_name,
        "login_rut": one.login_rut.canonical,
        "clave": one.clave,
    }


async def truth(request: Request) -> Response:
    """Everything of ?period=YYYYMM as the portal shows it today."""
    book = _simulator(request).book
    by_canonical = {rut.canonical: rut for rut in (*book.newcomers, *book.companies)}
    rut = by_canonical.get(request.path_params["rut"])
    if rut is None:
        raise HTTPException(404, "rut is no company of the simulator")
    try:
        period = Period.parse(request.query_params.get("period", ""))
    except ValueError as error:
        raise HTTPException(422, f"period: {error}") from error
    return JSONResponse(
        {
            "rut": rut.canonical,
            "period": str(period),
            "documents": [_document(one) for one in book.documents(rut, period)],
            "summary": [asdict(one) for one in book.summary(rut, period)],
            "boletas": [
                asdict(one) | {"day": one.day.isoformat()} for one in book.boletas(rut, period)
            ],
            "fees": [_fee(one) for one in book.fees(rut, period)],
        }
    )


async def f29_truth(request: Request) -> Response:
    """The F29 of ?year=YYYY as the portal lists them today, with their codes."""
    book = _simulator(request).book
    by_canonical = {rut.canonical: rut for rut in book.companies}
    rut = by_canonical.get(request.path_params["rut"])
    if rut is None:
        raise HTTPException(404, "rut is no company of the simulator")
    year = request.query_params.get("year", "")
    if not re.fullmatch(r"20\d\d", year):
        raise HTTPException(422, f"year: {year!r} is no year YYYY")
    return JSONResponse([_form(one) for one in book.forms(rut) if str(one.period.year) == year])


def _form(form: Form) -> dict[str, Any]:
    return {
        "folio": form.folio,
        "cod_int": form.cod_int,
        "year": form.period.year,
        "month": form.period.month,
        "status": form.status,
        "submitted_on": form.submitted_on.isoformat(),
        "amount": form.amount,
        "codes": {str(code): value for code, value in form.codes.items()},
        "pdf_sha256": sha256(compact_form(form)).hexdigest(),
    }


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


def _fee(fee: Fee) -> dict[str, Any]:
    return {
        "issuer_rut": fee.issuer_rut.canonical,
        "issuer_name": fee.issuer_name,
        "folio": fee.folio,
        "issue_date": fee.issue_date.isoformat(),
        "status_raw": fee.status,
        "annulled_on": fee.annulled_on and fee.annulled_on.isoformat(),
        "gross": fee.gross,
        "withheld": fee.withheld,
        "net": fee.net,
    }


async def messages(request: Request) -> Response:
    """What WhatsApp and mail accepted; ?channel= picks one of them."""
    return JSONResponse(_simulator(request).sink.report(request.query_params.get("channel")))


async def memories(request: Request) -> Response:
    """What Mem0 holds; `is_there` tells what it has only accepted."""
    kept = _simulator(request).memories.values()
    return JSONResponse([one.report() | {"is_there": one.is_there} for one in kept])


async def state(request: Request) -> Response:
    """Sessions, login tries, held requests, counts, violations. No token, no clave."""
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


async def hide(request: Request) -> Response:
    """POST {"rut", "direction", "doc_type", "counterpart_rut", "folio"}: the portal loses it."""
    try:
        asked = await request.json()
        rut, folio = Rut(asked["rut"]), int(asked["folio"])
        hidden = (rut, asked["direction"], int(asked["doc_type"]), asked["counterpart_rut"], folio)
    except (ValueError, TypeError, KeyError) as error:
        raise HTTPException(422, "name rut, direction, doc_type, counterpart_rut, folio") from error
    _simulator(request).book.hidden.add(hidden)
    return Response(status_code=204)


async def show_hidden(request: Request) -> Response:
    """DELETE: what was hidden shows again."""
    _simulator(request).book.hidden.clear()
    return Response(status_code=204)


async def change_clave(request: Request) -> Response:
    """POST {"rut": ...}: the account's user takes a new clave at the portal; answers with it."""
    simulator = _simulator(request)
    try:
        asked = (await request.json())["rut"]
    except (ValueError, TypeError, KeyError) as error:
        raise HTTPException(422, "rut is required") from error
    rut = next((one for one in simulator.book.accounts if one.canonical == asked), None)
    if rut is None:
        raise HTTPException(404, "nobody logs in with this rut")
    return JSONResponse({"clave": simulator.logins.change_clave(rut)})


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
    Route("/newcomers", newcomers),
    Route("/truth/{rut}", truth),
    Route("/truth/{rut}/f29", f29_truth),
    Route("/messages", messages),
    Route("/memories", memories),
    Route("/state", state),
    Route("/reset", reset, methods=["POST"]),
    Route("/clock", set_clock, methods=["PUT"]),
    Route("/hidden", hide, methods=["POST"]),
    Route("/hidden", show_hidden, methods=["DELETE"]),
    Route("/claves", change_clave, methods=["POST"]),
    Route("/faults", faults),
    Route("/faults", add_faults, methods=["POST"]),
    Route("/faults", lift_faults, methods=["DELETE"]),
    Route("/faults/{fault_id:int}", lift_fault, methods=["DELETE"]),
]
