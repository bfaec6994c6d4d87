"""The registers of purchases and sales (RCV) as SII keeps them, and the rule that they add up.

Amounts are integer pesos, credit notes positive as SII gives them; RUTs are canonical; times are
aware and in UTC.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from app.domain.periods import Period
from app.domain.row_hash import row_hash
from app.errors import IncompleteAnswer


class Direction(StrEnum):
    """Which register a document stands in."""

    PURCHASE = "purchase"
    SALE = "sale"


class AccountingState(StrEnum):
    """SII's `estado contable` of a document."""

    REGISTRO = "REGISTRO"
    PENDIENTE = "PENDIENTE"
    NO_INCLUIR = "NO_INCLUIR"
    RECLAMADO = "RECLAMADO"


# The order matters: a purchase that is accepted between two reads leaves PENDIENTE for REGISTRO,
# so reading PENDIENTE first and REGISTRO last can see it twice but can never miss it.
STATES: dict[Direction, tuple[AccountingState, ...]] = {
    Direction.PURCHASE: (
        AccountingState.PENDIENTE,
        AccountingState.RECLAMADO,
        AccountingState.NO_INCLUIR,
        AccountingState.REGISTRO,
    ),
    Direction.SALE: (AccountingState.REGISTRO,),
}


# A document may be entered in its own month or in one of the two that follow (art. 24 DL 825).
MONTHS_TO_MOVE = 2


@dataclass(frozen=True)
class OtherTax:
    """A tax besides VAT (`otro impuesto`), by SII's code; rate in percent as SII writes it."""

    code: str
    amount: int
    rate: str


@dataclass(frozen=True)
class RegisterDocument:
    """One document of a register."""

    direction: Direction
    doc_type: int
    folio: int
    counterpart_rut: str  # '' where there is none
    counterpart_name: str
    issue_date: date
    reception_at: datetime | None
    acknowledged_at: datetime | None
    claimed_at: datetime | None
    period: str  # '2026-11'
    accounting_state: AccountingState
    exempt: int
    net: int
    vat: int
    vat_non_recoverable: int
    total: int
    other_taxes: tuple[OtherTax, ...] = ()

    @property
    def identity(self) -> tuple[str, int, str, int]:
        """What makes it this document of its company, whatever its period and state are."""
        return (self.direction, self.doc_type, self.counterpart_rut, self.folio)

    @property
    def row_hash(self) -> str:
        """SHA-256 over every field: tells a changed document from one already stored."""
        return row_hash(self)


@dataclass(frozen=True)
class SummaryRow:
    """What SII itself counts of one type in one state (`resumen`)."""

    accounting_state: AccountingState
    doc_type: int
    count: int
    detailed: int  # how many of `count` have rows of their own; boletas come as totals only
    exempt: int
    net: int
    vat: int
    total: int


@dataclass(frozen=True)
class RegisterReading:
    """One register of one period, all its states."""

    period: Period
    direction: Direction
    documents: tuple[RegisterDocument, ...]
    summary: tuple[SummaryRow, ...]

    def check_complete(self) -> None:
        """Raises IncompleteAnswer unless each state and type has as many documents as SII says."""
        read = Counter(
            (document.accounting_state, document.doc_type) for document in self.documents
        )
        counted = {(row.accounting_state, row.doc_type): row.detailed for row in self.summary}
        for key in sorted(counted.keys() | read.keys()):
            if read[key] != counted.get(key, 0):
                raise IncompleteAnswer(
                    f"SII sent {read[key]} documents of type {key[1]} in state {key[0]} of"
                    f" {self.period} ({self.direction}), its summary counts {counted.get(key, 0)}."
                )


def has_vanished(
    period: Period, missing_at: datetime, read_at: Mapping[Period, datetime], current: Period
) -> bool:
    """Returns whether a document that `period` lacks since `missing_at` is in no register at all.

    It may have moved to a later period; each of those up to the `current` one has to have been
    read (`read_at`) since then. Had one of them shown the document, it would not be missing.
    """
    later = [period.shift(months) for months in range(1, MONTHS_TO_MOVE + 1)]
    return all(one in read_at and read_at[one] > missing_at for one in later if one <= current)


def latest_of_each(documents: Iterable[RegisterDocument]) -> list[RegisterDocument]:
    """Returns each identity once, as it was read last, in the order of identities."""
    latest = {document.identity: document for document in documents}
    return [latest[identity] for identity in sorted(latest)]
