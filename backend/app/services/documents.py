"""Documents of the registers: start a sync, list what it brought."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Select, select, tuple_
from sqlalchemy.orm import Session

from app.domain.periods import Period, current_period
from app.domain.ruts import canonical_rut
from app.errors import CredentialsMissing, InvalidInput
from app.infrastructure.db.models import Run, TaxDocument
from app.services.companies import find_company
from app.services.cursors import bigint, cut_page, decode_cursor
from app.services.document_fan_out import enqueue_sync
from app.services.outbox import Outbox

# The RCV replaced the paper books in August 2017 (law 20.727; SII resolution 61 of 2017).
FIRST_PERIOD = Period(2017, 8)


@dataclass(frozen=True)
class DocumentFilter:
    """Which documents; None leaves a column open. All names but the last are columns'."""

    direction: str | None = None
    period: str | None = None
    doc_type: int | None = None
    counterpart_rut: str | None = None
    accounting_state: str | None = None
    vanished: bool | None = None  # those that SII no longer shows


def start_sync(
    session: Session,
    outbox: Outbox,
    company_id: UUID,
    *,
    months: int,
    last_period: Period | None,
    now: datetime,
) -> tuple[Run, bool]:
    """Enqueues a sync of `months` periods up to `last_period` (None: the current one).

    The same request while its run is unfinished gives that run; the second value says whether
    the run is new. Raises NotFound, CredentialsMissing, InvalidInput.
    """
    current = current_period(now)
    last = last_period or current
    _refuse_impossible(last, months, current)
    if find_company(session, company_id).credential is None:
        raise CredentialsMissing
    offset = (current.year - last.year) * 12 + current.month - last.month
    # The fan-out starts its runs by the same function, so that neither doubles the other's.
    return enqueue_sync(session, outbox, company_id, months=months, now=now, month_offset=offset)


def _refuse_impossible(last: Period, months: int, current: Period) -> None:
    if last > current:
        raise InvalidInput(f"{last} lies in the future; the last one is {current}.", "last_period")
    if last < FIRST_PERIOD:
        raise InvalidInput(f"The register begins with {FIRST_PERIOD}.", "last_period")
    if last.shift(1 - months) < FIRST_PERIOD:
        raise InvalidInput(f"The register begins with {FIRST_PERIOD}; ask for fewer.", "months")


def list_documents(
    session: Session,
    company_id: UUID,
    wanted: DocumentFilter,
    *,
    limit: int,
    cursor: str | None = None,
) -> tuple[Sequence[TaxDocument], str | None]:
    """Returns a page of a company's documents, newest first, and the cursor of the next one.

    Raises NotFound, InvalidInput.
    """
    find_company(session, company_id)
    query = _matching(company_id, wanted).limit(limit + 1)
    if cursor:
        last = decode_cursor(cursor, date.fromisoformat, bigint)
        query = query.where(tuple_(TaxDocument.issue_date, TaxDocument.id) < tuple_(*last))
    found = session.scalars(query).all()
    return cut_page(found, limit, lambda one: (one.issue_date, one.id))


def _matching(company_id: UUID, wanted: DocumentFilter) -> Select[tuple[TaxDocument]]:
    query = select(TaxDocument).where(TaxDocument.company_id == company_id)
    chosen = {name: value for name, value in asdict(wanted).items() if value is not None}
    if "vanished" in chosen:
        query = query.where(TaxDocument.vanished_at.is_not(None) == chosen.pop("vanished"))
    if "counterpart_rut" in chosen:
        chosen["counterpart_rut"] = canonical_rut(chosen["counterpart_rut"])
    query = query.filter_by(**chosen)
    return query.order_by(TaxDocument.issue_date.desc(), TaxDocument.id.desc())
