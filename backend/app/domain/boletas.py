"""Boletas to consumers: SII lists none of them, it counts them per day.

Amounts are integer pesos.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from app.domain.documents import SummaryRow
from app.domain.periods import Period
from app.errors import IncompleteAnswer

# Electronic boletas, and vouchers of card payments that stand for one; of no other type does SII
# show days.
BOLETA_TYPES = (39, 48)


@dataclass(frozen=True)
class BoletasOfDay:
    """What SII counts of one type on one day."""

    doc_type: int
    day: date  # in Chile
    count: int
    exempt: int
    net: int
    vat: int
    total: int


@dataclass(frozen=True)
class BoletasReading:
    """The days of one period, and what the sales register's summary counts of the same types."""

    period: Period
    days: tuple[BoletasOfDay, ...]
    summary: tuple[SummaryRow, ...]

    def check_complete(self) -> None:
        """Raises IncompleteAnswer unless a type's days have as many boletas as the summary."""
        counted = {row.doc_type: row.count for row in self.summary}
        read: Counter[int] = Counter()
        for one in self.days:
            read[one.doc_type] += one.count
        for doc_type in sorted(counted.keys() | read.keys()):
            if read[doc_type] != counted.get(doc_type, 0):
                raise IncompleteAnswer(
                    f"SII's days have {read[doc_type]} boletas of type {doc_type} in"
                    f" {self.period}, its summary counts {counted.get(doc_type, 0)}."
                )


def of_boletas(summary: Iterable[SummaryRow]) -> tuple[SummaryRow, ...]:
    """Returns the rows of a summary whose documents SII shows by day."""
    return tuple(row for row in summary if row.doc_type in BOLETA_TYPES)
