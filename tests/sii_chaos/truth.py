"""How what is stored of a company differs from what the portal has."""

from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from app.infrastructure.db.models import F29Form, F29PdfFile, ReceivedFee, TaxDocument
from tests.browser.test_against_simulator import (
    stored,
    stored_boletas,
    stored_fees,
    true,
    true_boletas,
    true_fees,
)
from tests.simulator import Simulator
from tests.unit.sii.books import Books
from tests.unit.sii.forms import stored as stored_forms


def differences(
    books: Books,
    simulator: Simulator,
    company: UUID,
    known: dict[str, str],
    periods: list[str],
    year: int,
) -> list[str]:
    """Returns a sentence for each thing that is not as at the portal; none where all is."""
    rut, found = known["rut"], []
    rows = fees = 0
    for period in periods:
        truth = true(simulator, rut, period)
        rows += len(truth)
        fees += len(true_fees(simulator, rut, period))
        if stored(books, company, period) != truth:
            found.append(f"the documents of {period} differ")
        if stored_boletas(books, company, period) != true_boletas(simulator, rut, period):
            found.append(f"the boletas of {period} differ")
        if stored_fees(books, company, period) != true_fees(simulator, rut, period):
            found.append(f"the honorarios of {period} differ")
        if _summary(books, company, period) != _true_summary(simulator, rut, period):
            found.append(f"the summary of {period} differs")
    found += _doubled(books, rows, fees)
    if _forms(books) != _true_forms(simulator, rut, year):
        found.append("F29 differ, their codes or their PDFs")
    return found


def _summary(books: Books, company: UUID, period: str) -> list[tuple[Any, ...]]:
    return sorted(
        (one.direction, one.accounting_state, one.doc_type, one.count, one.total)
        for one in books.summaries()
        if (one.company_id, one.period) == (company, period)
    )


def _true_summary(simulator: Simulator, rut: str, period: str) -> list[tuple[Any, ...]]:
    names = ("direction", "accounting_state", "doc_type", "count", "total")
    return sorted(
        tuple(one[name] for name in names) for one in simulator.truth(rut, period)["summary"]
    )


def _doubled(books: Books, expected: int, expected_fees: int) -> list[str]:
    """Counts every row: one that the portal has not, or has once, shows here."""
    with books.sessions() as session:
        documents = session.scalar(select(func.count()).select_from(TaxDocument))
        fees = session.scalar(select(func.count()).select_from(ReceivedFee))
        forms = session.scalar(select(func.count()).select_from(F29Form))
        folios = session.scalar(select(func.count(F29Form.folio.distinct())))
        pdfs = session.scalar(select(func.count()).select_from(F29PdfFile))
    found = []
    if documents != expected:
        found.append(f"{documents} documents are stored, the portal has {expected}")
    if fees != expected_fees:
        found.append(f"{fees} honorarios are stored, the portal has {expected_fees}")
    if not forms == folios == pdfs:
        found.append(f"{forms} F29 with {folios} folios and {pdfs} PDFs are stored")
    return found


def _forms(books: Books) -> list[tuple[Any, ...]]:
    return [
        (one.folio, one.cod_int, one.year, one.month, one.status, one.codes, one.pdf_sha256)
        for one in stored_forms(books)
    ]


def _true_forms(simulator: Simulator, rut: str, year: int) -> list[tuple[Any, ...]]:
    names = ("folio", "cod_int", "year", "month", "status", "codes", "pdf_sha256")
    found = [tuple(one[name] for name in names) for one in simulator.f29(rut, year)]
    return sorted(found, key=lambda one: one[0])
