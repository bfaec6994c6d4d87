"""A portal in memory for the sync: it has registers, counts logins, and fails as it is told."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from app.domain.boletas import BoletasOfDay, BoletasReading
from app.domain.documents import (
    AccountingState,
    Direction,
    RegisterDocument,
    RegisterReading,
    SummaryRow,
)
from app.domain.exports import ExportMemory
from app.domain.fees import Fee, FeesReading
from app.domain.periods import Period

SUPPLIER = "77100200-5"
Step = tuple[str, str]  # ('2026-11', 'purchase')


def document(folio: int, period: Period, direction: Direction, **changes: Any) -> RegisterDocument:
    """Returns an invoice of 1190 pesos."""
    values: dict[str, Any] = {
        "direction": direction,
        "doc_type": 33,
        "folio": folio,
        "counterpart_rut": SUPPLIER,
        "counterpart_name": "Comercial Inventada SpA",
        "issue_date": date(period.year, period.month, 5),
        "reception_at": datetime(period.year, period.month, 6, 12, tzinfo=UTC),
        "acknowledged_at": None,
        "claimed_at": None,
        "period": str(period),
        "accounting_state": AccountingState.REGISTRO,
        "exempt": 0,
        "net": 1000,
        "vat": 190,
        "vat_non_recoverable": 0,
        "total": 1190,
    }
    return RegisterDocument(**values | changes)


def reading(
    period: Period,
    direction: Direction,
    documents: list[RegisterDocument],
    missing: int = 0,
) -> RegisterReading:
    """Returns a reading whose summary counts `missing` documents more than there are."""
    summary = [
        SummaryRow(state, 33, count + missing, count + missing, 0, 1000, 190, 1190)
        for state in AccountingState
        if (count := sum(one.accounting_state == state for one in documents))
    ]
    return RegisterReading(period, direction, tuple(documents), tuple(summary))


@dataclass
class Registers:
    """Answers each register with what `answers` makes of it; two documents where it says nothing.

    An answer is called with (period, direction); what it returns is the reading, what it raises
    is the portal's error. `boletas` and `fees` do the same by period; else there are none.
    """

    refusal: Exception | None = None
    taxpayer: dict[str, Any] = field(default_factory=dict)
    taxpayer_reads: int = 0
    answers: dict[Step, Callable[[Period, Direction], RegisterReading]] = field(
        default_factory=dict
    )
    boletas: dict[str, Callable[[Period], BoletasReading]] = field(default_factory=dict)
    fees: dict[str, Callable[[Period], FeesReading]] = field(default_factory=dict)
    counted: list[Sequence[SummaryRow] | None] = field(default_factory=list)
    logins: list[tuple[str, str]] = field(default_factory=list)
    logouts: int = 0
    reads: list[Step] = field(default_factory=list)
    on_read: Callable[[Step], object] = str

    @contextmanager
    def open_session(self, login_rut: str, clave: str) -> Iterator["Registers"]:
        self.logins.append((login_rut, clave))
        if self.refusal is not None:
            raise self.refusal
        try:
            yield self
        finally:
            self.logouts += 1

    def read_taxpayer(self) -> dict[str, Any]:
        self.taxpayer_reads += 1
        return self.taxpayer

    def read_register(
        self, company_rut: str, period: Period, direction: Direction, exports: ExportMemory
    ) -> RegisterReading:
        step = (str(period), str(direction))
        self.reads.append(step)
        self.on_read(step)
        return self.answers.get(step, two_documents)(period, direction)

    def read_fees(self, company_rut: str, period: Period) -> FeesReading:
        step = (str(period), "fees")
        self.reads.append(step)
        self.on_read(step)
        return self.fees.get(str(period), lambda _: FeesReading(period, 0, ()))(period)

    def read_boletas(
        self, company_rut: str, period: Period, counted: Sequence[SummaryRow] | None
    ) -> BoletasReading:
        step = (str(period), "boletas")
        self.reads.append(step)
        self.counted.append(counted)
        self.on_read(step)
        return self.boletas.get(str(period), lambda _: BoletasReading(period, (), ()))(period)


def two_documents(period: Period, direction: Direction) -> RegisterReading:
    first = period.month * 100
    return reading(
        period, direction, [document(first + one, period, direction) for one in range(2)]
    )


def boletas(day: int, period: Period, doc_type: int = 39, **changes: int) -> BoletasOfDay:
    """Returns a day with ten boletas of 1190 pesos."""
    amounts = {"count": 10, "exempt": 0, "net": 10_000, "vat": 1900, "total": 11_900}
    return BoletasOfDay(doc_type, date(period.year, period.month, day), **(amounts | changes))


def counted(*days: BoletasOfDay, more: int = 0) -> tuple[SummaryRow, ...]:
    """Returns what the sales count of these days, and `more` boletas that no day has."""
    types = {one.doc_type: [two for two in days if two.doc_type == one.doc_type] for one in days}
    return tuple(
        SummaryRow(
            AccountingState.REGISTRO,
            doc_type,
            count=sum(one.count for one in group) + more,
            detailed=0,
            exempt=sum(one.exempt for one in group),
            net=sum(one.net for one in group),
            vat=sum(one.vat for one in group),
            total=sum(one.total for one in group),
        )
        for doc_type, group in types.items()
    )


def fee(folio: int, period: Period, **changes: Any) -> Fee:
    """Returns a boleta de honorarios of 400 000 pesos."""
    values: dict[str, Any] = {
        "issuer_rut": SUPPLIER,
        "issuer_name": "ROSA INVENTADA SOTO",
        "folio": folio,
        "issue_date": date(period.year, period.month, 5),
        "status_raw": "N",
        "annulled_on": None,
        "gross": 400_000,
        "withheld": 61_000,
        "net": 339_000,
    }
    return Fee(**values | changes)


def fails(error: Exception) -> Callable[[Period, Direction], RegisterReading]:
    """Returns an answer of a register that is this error."""

    def answer(period: Period, direction: Direction) -> RegisterReading:
        raise error

    return answer


def incomplete(period: Period, direction: Direction) -> RegisterReading:
    """Reads one document less than the summary counts."""
    documents = [document(1, period, direction)]
    return reading(period, direction, documents, missing=1)
