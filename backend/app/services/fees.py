"""Boletas de honorarios: list them, sum up those of a period."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session

from app.domain.fees import FeeStatus
from app.domain.registers import Register
from app.domain.ruts import canonical_rut
from app.infrastructure.db.models import ReceivedFee, RegisterMark
from app.services.companies import find_company
from app.services.cursors import bigint, cut_page, decode_cursor


@dataclass(frozen=True)
class FeeFilter:
    """Which boletas; None leaves a column open. All names but the last are columns'."""

    period: str | None = None
    issuer_rut: str | None = None
    status: str | None = None
    vanished: bool | None = None  # those that SII no longer shows


@dataclass(frozen=True)
class FeeTotals:
    """What the boletas that count come to in a period, in pesos."""

    read_at: datetime | None  # when SII's report was last read completely
    count: int
    gross: int
    withheld: int
    net: int


def list_fees(
    session: Session,
    company_id: UUID,
    wanted: FeeFilter,
    *,
    limit: int,
    cursor: str | None = None,
) -> tuple[Sequence[ReceivedFee], str | None]:
    """Returns a page of a company's boletas, newest first, and the cursor of the next one.

    Raises NotFound, InvalidInput.
    """
    find_company(session, company_id)
    row = ReceivedFee
    chosen = {name: value for name, value in asdict(wanted).items() if value is not None}
    query = select(row).filter_by(company_id=company_id)
    if "vanished" in chosen:
        query = query.where(row.vanished_at.is_not(None) == chosen.pop("vanished"))
    if "issuer_rut" in chosen:
        chosen["issuer_rut"] = canonical_rut(chosen["issuer_rut"])
    query = query.filter_by(**chosen).order_by(row.issue_date.desc(), row.id.desc())
    if cursor:
        last = decode_cursor(cursor, date.fromisoformat, bigint)
        query = query.where(tuple_(row.issue_date, row.id) < tuple_(*last))
    found = session.scalars(query.limit(limit + 1)).all()
    return cut_page(found, limit, lambda one: (one.issue_date, one.id))


def fee_totals(session: Session, company_id: UUID, period: str) -> FeeTotals:
    """Returns the sums of `period`, a text like 2026-11.

    Only what is Vigente counts, and not what SII no longer shows. Raises NotFound.
    """
    find_company(session, company_id)
    row = ReceivedFee
    amounts = (func.coalesce(func.sum(column), 0) for column in (row.gross, row.withheld, row.net))
    of_period = {"company_id": company_id, "period": period}
    sums = session.execute(
        select(func.count(row.id), *amounts).filter_by(
            **of_period, status=FeeStatus.CURRENT, vanished_at=None
        )
    ).one()
    mark = select(RegisterMark.read_at).filter_by(**of_period, direction=Register.FEES)
    return FeeTotals(session.scalar(mark), *map(int, sums))
