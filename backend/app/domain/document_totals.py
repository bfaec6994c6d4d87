"""What documents come to, and how that differs from what SII counts. Amounts in pesos."""

from collections.abc import Iterable
from dataclasses import astuple, dataclass
from functools import reduce

# Paper, electronic, export on paper, electronic export: SII lists their amounts as positive.
CREDIT_NOTES = frozenset({60, 61, 106, 112})


@dataclass(frozen=True)
class Totals:
    """How many documents, and their amounts."""

    count: int = 0
    exempt: int = 0
    net: int = 0
    vat: int = 0
    total: int = 0

    def __add__(self, other: "Totals") -> "Totals":
        return Totals(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))

    def __sub__(self, other: "Totals") -> "Totals":
        return Totals(*(a - b for a, b in zip(astuple(self), astuple(other), strict=True)))

    def signed(self, doc_type: int) -> "Totals":
        """Returns the same as it goes into a sum: a credit note counts, and its amounts subtract.

        For a difference too: a credit note too much is one document more and less money.
        """
        if doc_type not in CREDIT_NOTES:
            return self
        return Totals(self.count, -self.exempt, -self.net, -self.vat, -self.total)


@dataclass(frozen=True)
class TypeTotals:
    """One type of a register, ours beside SII's; a credit note's amounts are positive here."""

    doc_type: int
    documents: Totals
    summary: Totals | None  # None: the register was never read
    is_comparable: bool = True  # not where SII lists only some of what it counts, or none

    @property
    def difference(self) -> Totals | None:
        """Ours less SII's."""
        if self.summary is None or not self.is_comparable:
            return None
        return self.documents - self.summary

    @property
    def subtracts(self) -> bool:
        """Whether its amounts subtract in sums."""
        return self.doc_type in CREDIT_NOTES


@dataclass(frozen=True)
class Sum:
    """All types of a register together, credit notes subtracted."""

    documents: Totals
    summary: Totals | None
    difference: Totals | None  # over the types that can be compared


def sum_of(types: Iterable[TypeTotals], was_read: bool) -> Sum:
    """Returns the sum over the types of one register. `was_read`: SII's summary is known."""
    rows = list(types)

    def over(attribute: str) -> Totals:
        found = ((getattr(row, attribute), row.doc_type) for row in rows)
        signed = (value.signed(doc_type) for value, doc_type in found if value is not None)
        return reduce(Totals.__add__, signed, Totals())

    return Sum(
        documents=over("documents"),
        summary=over("summary") if was_read else None,
        difference=over("difference") if was_read else None,
    )
