"""What the portal can show today: companies, their documents so far, and the summaries."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cl_sii.rut import Rut

from simulator.clock import SANTIAGO, Clock
from simulator.truth.boletas import DailyBoletas, boletas_of
from simulator.truth.companies import (
    Company,
    newcomers,
    newcomers_accounts,
    seeded_accounts,
    seeded_companies,
)
from simulator.truth.documents import SALE, Document, documents_of
from simulator.truth.f29 import Form, forms_of
from simulator.truth.fees import Fee, fees_of
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
        self.newcomers = {company.rut: company for company in newcomers(seed)}
        self.hidden: set[tuple[Rut, str, int, str, int]] = set()
        self.accounts = newcomers_accounts(seed) | seeded_accounts(seed)

    def documents(self, rut: Rut, period: Period) -> list[Document]:
        """Documents of a month received before today; raises KeyError for an unknown RUT.

        Today's are left out, so that an answer does not change within a day; and what is in
        `hidden`: company, then a document's `identity`.
        """
        today = self.clock.today()
        return [
            document
            for document in documents_of(self.seed, self._company(rut), period)
            if document.reception_at.astimezone(SANTIAGO).date() < today
            and (rut, *document.identity) not in self.hidden
        ]

    def boletas(self, rut: Rut, period: Period) -> list[DailyBoletas]:
        """Boletas of a month on the days before today; raises KeyError for an unknown RUT."""
        days = boletas_of(self.seed, self._company(rut), period)
        return [one for one in days if one.day < self.clock.today()]

    def fees(self, rut: Rut, period: Period) -> list[Fee]:
        """Boletas de honorarios of a month issued before today; KeyError for an unknown RUT."""
        found = fees_of(self.seed, self._company(rut), period)
        return [one for one in found if one.issue_date < self.clock.today()]

    def summary(self, rut: Rut, period: Period) -> list[Summary]:
        """Totals of a month as the portal counts them; raises KeyError for an unknown RUT."""
        return summaries(self.documents(rut, period), self.boletas(rut, period))

    def _company(self, rut: Rut) -> Company:
        return (self.newcomers | self.companies)[rut]

    def forms(self, rut: Rut) -> tuple[Form, ...]:
        """The F29 handed in before today; raises KeyError for an unknown RUT."""
        return forms_of(self.seed, self.companies[rut], self.clock.today())


def summaries(documents: Iterable[Document], boletas: Iterable[DailyBoletas] = ()) -> list[Summary]:
    """Totals by direction, state and type, in that order; boletas are sales."""
    groups: dict[tuple[str, str, int], list[Document]] = {}
    for document in documents:
        key = (document.direction, document.accounting_state, document.doc_type)
        groups.setdefault(key, []).append(document)
    listed = [
        _summary(*key, len(group), [one.amounts for one in group]) for key, group in groups.items()
    ]
    days: dict[int, list[DailyBoletas]] = {}
    for one in boletas:
        days.setdefault(one.doc_type, []).append(one)
    counted = [
        _summary(SALE, "REGISTRO", doc_type, sum(one.count for one in group), group)
        for doc_type, group in days.items()
    ]
    return sorted(
        (*listed, *counted), key=lambda one: (one.direction, one.accounting_state, one.doc_type)
    )


def _summary(
    direction: str, state: str, doc_type: int, count: int, group: Sequence[object]
) -> Summary:
    def total(field: str) -> int:
        return sum(getattr(one, field, 0) for one in group)

    return Summary(
        direction=direction,
        accounting_state=state,
        doc_type=doc_type,
        count=count,
        exempt=total("exempt"),
        net=total("net"),
        vat=total("vat"),
        vat_non_rec=total("vat_non_rec"),  # boletas are sales, which have none
        total=total("total"),
    )
