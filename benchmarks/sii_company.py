"""The company of the benchmark of SII, at the portal and with us, and its three runs."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import httpx
from sqlalchemy import update

from app import bootstrap
from app.domain.periods import Period
from app.infrastructure.db.models import Company as Row
from app.infrastructure.db.models import Run, SiiCredential
from app.infrastructure.db.session import get_session_factory, session_scope
from app.services import document_sync, f29_pdfs, f29_sync, onboarding, runs
from app.services.attempts import Attempt
from app.tracing import span
from benchmarks.kinds import connect
from benchmarks.sii import TODAY

PORTAL = "http://simulator:8080"
HOME = f"{PORTAL}/misiir/cgi_misii/siihome.cgi"  # leads to the login page without a session
MONTH, YEAR = Period.parse(TODAY[:7]).shift(-1), int(TODAY[:4]) - 1  # whole ones
DOCUMENTS, FORMS = 400, 12
ASKED_AT = datetime.fromisoformat(f"{TODAY}T15:00:00+00:00")  # what a month is counted from

Task = Callable[[Attempt, UUID], dict[str, Any]]


@dataclass(frozen=True)
class Company:
    """As the portal knows it."""

    rut: str
    login_rut: str
    clave: str


def company() -> Company:
    """Returns the portal's company with 400 documents; the portal has then forgotten all else."""
    with httpx.Client(base_url=f"{PORTAL}/__sim__", timeout=30) as admin:
        admin.post("/reset").raise_for_status()
        found = next(one for one in admin.get("/companies").json() if one["kind"] == "A")
    return Company(found["rut"], found["login_rut"], found["clave"])


def known(at_portal: Company) -> UUID:
    """Returns the id of the company, of which we know nothing but its clave."""
    with connect() as connection:
        connection.execute("TRUNCATE companies, runs, sii_sessions CASCADE")
    row = Row(rut=at_portal.rut, business_name="Medida SpA")
    secret = bootstrap.cipher().encrypt(at_portal.clave)
    row.credential = SiiCredential(login_rut=at_portal.login_rut, secret=secret)
    with session_scope() as session:
        session.add(row)
    return row.id


def run_all(company_id: UUID) -> dict[str, float]:
    """Asks for all three, does one after the other; returns the seconds of each by its name."""
    ids = {name: _asked(name, company_id) for name in TASKS}
    taken = {}
    for name, task in TASKS.items():
        _mark(ids[name], state="running", attempts=1)
        began = time.perf_counter()
        with span(name):
            result = task(Attempt(ids[name], 1), company_id)
        taken[name] = time.perf_counter() - began
        _mark(ids[name], state="succeeded")
        CHECKS[name](result)
    return taken


def _list(attempt: Attempt, company_id: UUID) -> dict[str, Any]:
    return f29_sync.sync_f29(
        get_session_factory(),
        bootstrap.portal(),
        bootstrap.cipher(),
        attempt=attempt,
        company_id=company_id,
        year=YEAR,
        progress=partial(runs.report_progress, attempt.run_id),
    )


def _documents(attempt: Attempt, company_id: UUID) -> dict[str, Any]:
    return document_sync.sync_documents(
        get_session_factory(),
        bootstrap.portal(),
        bootstrap.cipher(),
        attempt=attempt,
        company_id=company_id,
        month_offset=1,
        progress=partial(runs.report_progress, attempt.run_id),
        learn=partial(onboarding.learn_facts, get_session_factory(), bootstrap.publisher()),
    )


def _pdfs(attempt: Attempt, company_id: UUID) -> dict[str, Any]:
    return f29_pdfs.sync_f29_pdfs_missing(
        get_session_factory(),
        bootstrap.portal(),
        bootstrap.cipher(),
        attempt=attempt,
        company_id=company_id,
        max_per_company=FORMS,
        pdfs=bootstrap.pdf_stores(),
        progress=partial(runs.report_progress, attempt.run_id),
    )


def _asked(name: str, company_id: UUID) -> UUID:
    run = Run(id=uuid4(), task=name, company_id=company_id, queued_at=ASKED_AT)
    with session_scope() as session:
        session.add(run)
    return run.id


def _mark(run_id: UUID, **values: Any) -> None:
    with session_scope() as session:
        session.execute(update(Run).where(Run.id == run_id).values(**values))


def _counted(number: int, expected: int, what: str) -> None:
    if number != expected:
        raise SystemExit(f"{number} {what} were stored, not {expected}")


# In the order in which one browser serves all three.
TASKS: dict[str, Task] = {
    "sii.sync_f29": _list,
    "sii.sync_documents": _documents,
    "sii.sync_f29_pdfs_missing": _pdfs,
}
KWARGS = {
    "sii.sync_f29": {"year": YEAR},
    "sii.sync_documents": {"month_offset": 1},
    "sii.sync_f29_pdfs_missing": {"max_per_company": FORMS},
}
CHECKS: dict[str, Callable[[dict[str, Any]], None]] = {
    "sii.sync_f29": lambda found: _counted(found["new"], FORMS, "F29"),
    "sii.sync_documents": lambda found: _counted(
        found["compras"]["nuevos"] + found["ventas"]["nuevos"], DOCUMENTS, "documents"
    ),
    "sii.sync_f29_pdfs_missing": lambda found: _counted(found["downloaded"], FORMS, "PDFs"),
}
