"""Boletas de honorarios that a company received: what people charged it for their services.

Amounts are integer pesos; RUTs are canonical.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from app.domain.periods import Period
from app.domain.row_hash import row_hash
from app.errors import IncompleteAnswer


class FeeStatus(StrEnum):
    """Whether a boleta counts."""

    CURRENT = "Vigente"
    ANNULLED = "Anulada"
    UNKNOWN = "Desconocido"


_MARKS = {"N": FeeStatus.CURRENT, "S": FeeStatus.ANNULLED, "A": FeeStatus.ANNULLED}


def status_of(raw: str, annulled_on: date | None) -> FeeStatus:
    """Returns what SII's mark means; one that nobody knows is never `Vigente`."""
    if annulled_on is not None:
        return FeeStatus.ANNULLED
    return _MARKS.get(raw.strip().upper(), FeeStatus.UNKNOWN)


@dataclass(frozen=True)
class Fee:
    """One boleta de honorarios."""

    issuer_rut: str
    issuer_name: str
    folio: int  # numbered by its issuer
    issue_date: date
    status_raw: str  # SII's mark
    annulled_on: date | None
    gross: int
    withheld: int  # by the company, which owes it to the treasury (F29, code 151)
    net: int  # what the issuer gets

    @property
    def identity(self) -> tuple[str, int]:
        """What makes it this boleta of its company."""
        return (self.issuer_rut, self.folio)

    @property
    def status(self) -> FeeStatus:
        """What `status_raw` and `annulled_on` mean."""
        return status_of(self.status_raw, self.annulled_on)

    @property
    def row_hash(self) -> str:
        """SHA-256 over every field: tells a changed boleta from one already stored."""
        return row_hash(self)


@dataclass(frozen=True)
class FeesReading:
    """All boletas of one period; `count` is how many SII says there are."""

    period: Period
    count: int
    fees: tuple[Fee, ...]

    def check_complete(self) -> None:
        """Raises IncompleteAnswer unless there are as many as SII says, and none comes twice."""
        read = len({fee.identity for fee in self.fees})
        if not read == len(self.fees) == self.count:
            raise IncompleteAnswer(
                f"SII sent {len(self.fees)} boletas de honorarios of {self.period}, {read} of them"
                f" different ones, and counts {self.count}."
            )
