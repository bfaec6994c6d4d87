"""A portal in memory for the sync: it has registers, counts logins, and fails as it is told."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from app.domain.documents import (
    AccountingState,
    Direction,
    RegisterDocument,
    RegisterReading,
    SummaryRow,
)
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
    is the portal's error.
    """

    refusal: Exception | None = None
    answers: dict[Step, Callable[[Period, Direction], RegisterReading]] = field(
        default_factory=dict
    )
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

    def read_register(
        self, company_rut: str, period: Period, direction: Direction
    ) -> RegisterReading:
        step = (str(period), str(direction))
        self.reads.append(step)
        self.on_read(step)
        return self.answers.get(step, two_documents)(period, direction)


def two_documents(period: Period, direction: Direction) -> RegisterReading:
    first = period.month * 100
    return reading(
        period, direction, [document(first + one, period, direction) for one in range(2)]
    )


def fails(error: Exception) -> Callable[[Period, Direction], RegisterReading]:
    """Returns an answer of a register that is this error."""

    def answer(period: Period, direction: Direction) -> RegisterReading:
        raise error

    return answer


def incomplete(period: Period, direction: Direction) -> RegisterReading:
    """Reads one document less than the summary counts."""
    documents = [document(1, period, direction)]
    return reading(period, direction, documents, missing=1)
