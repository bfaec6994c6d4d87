"""What the portal can show today: companies, their documents so far, and the summaries."""

from collections.abc import Iterable
from dataclasses import dataclass

from cl_sii.rut import Rut

from simulator.clock import SANTIAGO, Clock
from simulator.truth.companies import seeded_accounts, seeded_companies
from simulator.truth.documents import Document, documents_of
from simulator.truth.periods import Period


@dataclass(frozen=True)
class Summary:
    """The portal's own totals of one direction, accounting state and type."""

    direction: str
    accounting_state: str
    doc_type: int
    count: int
    exempt: int
    net: int
    vat: int
    vat_non_rec: int
    total: int


class Book:
    """The truth of a seed as seen at the clock's date."""

    def __init__(self, seed: int, clock: Clock) -> None:
        self.seed = seed
        self.clock = clock
        self.companies = {company.rut: company for company in seeded_companies(seed)}
        self.accounts = seeded_accounts(seed)

    def documents(self, rut: Rut, period: Period) -> list[Document]:
        """Documents of a month received before today; raises KeyError for an unknown RUT.

        Today's are left out, so that an answer does not change within a day.
        """
        today = self.clock.today()
        return [
            document
            for document in documents_of(self.seed, self.companies[rut], period)
            if document.reception_at.astimezone(SANTIAGO).date() < today
        ]


def summaries(documents: Iterable[Document]) -> list[Summary]:
    """Totals by direction, state and type, in that order."""
    groups: dict[tuple[str, str, int], list[Document]] = {}
    for document in documents:
        key = (document.direction, document.accounting_state, document.doc_type)
        groups.setdefault(key, []).append(document)
    return [_summary(*key, group) for key, group in sorted(groups.items())]


def _summary(direction: str, state: str, doc_type: int, group: list[Document]) -> Summary:
    def total(field: str) -> int:
        return sum(getattr(document.amounts, field) for document in group)

    return Summary(
        direction=direction,
        accounting_state=state,
        doc_type=doc_type,
        count=len(group),
        exempt=total("exempt"),
        net=total("net"),
        vat=total("vat"),
        vat_non_rec=total("vat_non_rec"),
        total=total("total"),
    )
