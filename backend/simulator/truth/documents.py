"""The documents of one company in one month: the same for the same seed, whatever the date."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from random import Random

from cl_sii.rut import Rut

from simulator.clock import SANTIAGO
from simulator.truth.amounts import Amounts, OtherTax, draw_amounts
from simulator.truth.companies import Company, Profile
from simulator.truth.names import FOREIGN_BUYERS, FOREIGN_RUT, counterparts
from simulator.truth.periods import HISTORY_START, Period

PURCHASE, SALE = "purchase", "sale"
STATES = ("REGISTRO", "PENDIENTE", "NO_INCLUIR", "RECLAMADO")
EXPORT_TYPES = (110, 111, 112)


@dataclass(frozen=True)
class Document:
    """One line of the RCV. Amounts in pesos, times aware UTC."""

    direction: str
    doc_type: int
    folio: int
    counterpart_rut: str
    counterpart_name: str
    issue_date: date
    reception_at: datetime
    accounting_state: str
    amounts: Amounts
    ack_at: datetime | None = None
    claim_at: datetime | None = None
    reference: tuple[int, int] | None = None  # type and folio that a credit or debit note names
    foreign_id: str = ""
    foreign_country: str = ""

    @property
    def identity(self) -> tuple[str, int, str, int]:
        """What makes it this document of its company: direction, type, counterpart, folio."""
        return self.direction, self.doc_type, self.counterpart_rut, self.folio

    @property
    def other_taxes(self) -> tuple[OtherTax, ...]:
        return self.amounts.other_taxes


@lru_cache(maxsize=512)
def documents_of(seed: int, company: Company, period: Period) -> tuple[Document, ...]:
    """All documents of a month, also those that a clock in that month does not show yet."""
    if period < HISTORY_START:
        return ()
    rng = Random(f"{seed}:{company.rut.canonical}:{period}")
    return (*_purchases(rng, seed, company, period), *_sales(rng, seed, company, period))


def _purchases(rng: Random, seed: int, company: Company, period: Period) -> list[Document]:
    profile = company.profile
    suppliers = counterparts(seed, company.rut, profile.counterparts)
    made = [
        _purchase(rng, period, ordinal, rng.choice(suppliers), profile)
        for ordinal in range(rng.randint(*profile.purchases))
    ]
    if profile.same_folio_twice:
        folio = 10_000 + period.index
        made += [
            _purchase(rng, period, folio, supplier, profile, folio=folio)
            for supplier in suppliers[:2]
        ]
    return made


def _purchase(
    rng: Random,
    period: Period,
    ordinal: int,
    supplier: tuple[Rut, str],
    profile: Profile,
    folio: int | None = None,
) -> Document:
    """The document number `ordinal` of a month; a given folio makes it an invoice (33)."""
    rut, name = supplier
    forced = 33 if folio else FORCED_PURCHASES.get(ordinal)
    doc_type = forced or _draw(rng, PURCHASE_TYPES)
    state = _state(rng, ordinal, profile.all_states)
    issued, received = _purchase_dates(rng, period)
    later = received + timedelta(minutes=rng.randint(5, 240))
    return Document(
        PURCHASE,
        doc_type,
        # A supplier numbers its own documents: room for 1000 of them a month.
        folio or Random(rut.canonical).randint(1, 4_000_000) + period.index * 1000 + ordinal,
        rut.canonical,
        name,
        issued,
        received,
        state,
        draw_amounts(rng, doc_type, _tax_count(ordinal, profile.other_taxes), recoverable=0.95),
        ack_at=later if state == "REGISTRO" and rng.random() < 0.7 else None,
        claim_at=later if state == "RECLAMADO" else None,
    )


def _sales(rng: Random, seed: int, company: Company, period: Period) -> list[Document]:
    customers = counterparts(seed, company.rut, company.profile.counterparts)
    types = EXPORT_SALE_TYPES if company.profile.exports else SALE_TYPES
    forced = (33, 110, 61, 112) if company.profile.exports else (33, 61)
    made: list[Document] = []
    for ordinal in range(rng.randint(*company.profile.sales)):
        doc_type = forced[ordinal] if ordinal < len(forced) else _draw(rng, types)
        made.append(_sale(rng, period, ordinal, doc_type, rng.choice(customers)))
    return made


def _sale(
    rng: Random, period: Period, ordinal: int, doc_type: int, customer: tuple[Rut, str]
) -> Document:
    issued = date(period.year, period.month, rng.randint(1, period.last_day.day))
    folio = period.index * 1000 + ordinal + 1
    abroad = rng.choice(FOREIGN_BUYERS) if doc_type in EXPORT_TYPES else None
    rut, name = (FOREIGN_RUT, abroad[0]) if abroad else customer
    return Document(
        SALE,
        doc_type,
        folio,
        rut.canonical,
        name,
        issued,
        _at(rng, issued),
        "REGISTRO",
        draw_amounts(rng, doc_type),
        reference=_reference(doc_type, folio),
        foreign_id=abroad[1] if abroad else "",
        foreign_country=abroad[2] if abroad else "",
    )


# The first documents of a month are of these types, so that every month has each; 4 and 5 may
# carry further taxes, which exempt documents cannot.
FORCED_PURCHASES = {0: 33, 1: 61, 4: 33, 5: 33}
PURCHASE_TYPES = {33: 76, 34: 9, 61: 10, 56: 3, 30: 2}
SALE_TYPES = {33: 80, 34: 8, 61: 9, 56: 3}
EXPORT_SALE_TYPES = {33: 40, 110: 45, 61: 5, 112: 7, 111: 3}


def _draw(rng: Random, weights: dict[int, int]) -> int:
    return rng.choices(list(weights), list(weights.values()))[0]


def _state(rng: Random, ordinal: int, all_states: bool) -> str:
    if all_states and ordinal < len(STATES):
        return STATES[ordinal]
    return rng.choices(STATES, (80, 8, 6, 6) if all_states else (92, 8, 0, 0))[0]


def _tax_count(ordinal: int, other_taxes: bool) -> int:
    # One document a month with two further taxes (two lines in the export), one with one.
    return {4: 2, 5: 1}.get(ordinal, 0) if other_taxes else 0


def _purchase_dates(rng: Random, period: Period) -> tuple[date, datetime]:
    """Issue date and reception; one in eight was issued at the end of the month before."""
    if rng.random() < 0.125:
        issued = period.first_day - timedelta(days=rng.randint(1, 5))
        return issued, _at(rng, period.first_day + timedelta(days=rng.randint(0, 3)))
    issued = date(period.year, period.month, rng.randint(1, period.last_day.day))
    return issued, _at(rng, min(issued + timedelta(days=rng.randint(0, 3)), period.last_day))


def _at(rng: Random, day: date) -> datetime:
    # Office hours: a change of summer time happens at midnight and never gets in the way.
    at = time(rng.randint(8, 18), rng.randint(0, 59), rng.randint(0, 59))
    return datetime.combine(day, at, SANTIAGO).astimezone(UTC)


def _reference(doc_type: int, folio: int) -> tuple[int, int] | None:
    referred = {61: 33, 56: 33, 111: 110, 112: 110}.get(doc_type)
    return (referred, folio - 900) if referred else None
