"""The monthly tax returns (F29) of a company, derived from its books, so that all reconcile.

The form's rules are the simplified ones of domain.md section 3; only purchases in REGISTRO give
credit. Returns are as they are seen today: one is listed from the day after it was handed in.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from random import Random

from simulator.truth.boletas import boletas_of
from simulator.truth.companies import Company
from simulator.truth.documents import PURCHASE, SALE, Document, documents_of
from simulator.truth.f29_codes import codes_of
from simulator.truth.fees import fees_of, withheld_of
from simulator.truth.periods import HISTORY_START, Period

CURRENT, RECTIFIED, ANNULLED = "Vigente", "Rectificada", "Anulada"
_FIRST_FOLIO = 7_000_000_000  # more than 32 bits hold, as the portal's


@dataclass(frozen=True)
class Form:
    """One return as handed in; `codes` in pesos or counts by the form's code."""

    company: Company
    period: Period
    folio: int
    cod_int: int
    submitted_on: date
    status: str
    codes: dict[int, int]

    @property
    def amount(self) -> int:
        """What was to be paid."""
        return self.codes[94]


@lru_cache(maxsize=32)
def forms_of(seed: int, company: Company, today: date) -> tuple[Form, ...]:
    """Every return that the portal lists at `today`, by period and folio."""
    made: list[Form] = []
    period, remainder = HISTORY_START, 0
    while period < Period.of(today):
        documents, boletas = _documents(seed, company, period), boletas_of(seed, company, period)
        withheld = withheld_of(fees_of(seed, company, period))
        rng = _rng(seed, company, period)
        codes = codes_of(documents, boletas, withheld, remainder, rng)
        made += _filed(seed, company, period, codes)
        remainder = codes[77]
        period = period.next()
    return tuple(form for form in made if form.submitted_on < today)


def _documents(seed: int, company: Company, period: Period) -> Iterable[Document]:
    for document in documents_of(seed, company, period):
        if document.direction == SALE or (
            document.direction == PURCHASE and document.accounting_state == "REGISTRO"
        ):
            yield document


def _rng(seed: int, company: Company, period: Period) -> Random:
    return Random(f"{seed}:f29:{company.rut.canonical}:{period}")


def _filed(seed: int, company: Company, period: Period, codes: dict[int, int]) -> list[Form]:
    """One return a month; the day-12 company also rectified or annulled some of its own."""
    rng = _rng(seed, company, period)
    is_day_12 = company.case == "day_12"
    histories = {1: (RECTIFIED, CURRENT), 2: (ANNULLED, CURRENT)}
    words = histories.get(period.index % 4, (CURRENT,)) if is_day_12 else (CURRENT,)
    month, last = period.next(), 12 if is_day_12 else 20
    days = sorted(rng.sample(range(2, last + 1), len(words)))
    return [
        Form(
            company,
            period,
            _FIRST_FOLIO + int(company.rut.digits) % 1_000_000 * 1000 + period.index * 3 + place,
            rng.randint(100_000_000, 999_999_999),
            date(month.year, month.month, day),
            word,
            codes if word == CURRENT else _before_rectification(codes),
        )
        for place, (word, day) in enumerate(zip(words, days, strict=True))
    ]


def _before_rectification(codes: dict[int, int]) -> dict[int, int]:
    """The return that was wrong: it knew of no fees, which the next one adds."""
    wrong = codes | {151: 0}
    wrong[595] = wrong[547] = wrong[91] = wrong[94] = codes[595] - codes[151]
    return wrong
