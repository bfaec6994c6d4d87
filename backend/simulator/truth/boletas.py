"""Boletas of one company in one month: counts and amounts per day, which nothing lists singly."""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from random import Random

from simulator.truth.amounts import VAT_PERCENT
from simulator.truth.companies import Company
from simulator.truth.periods import HISTORY_START, Period

BOLETAS, VOUCHERS = 39, 48  # electronic boletas; payments by card that stand for one
SUNDAY = 6


@dataclass(frozen=True)
class DailyBoletas:
    """One type on one day. Amounts in pesos."""

    doc_type: int
    day: date
    count: int
    exempt: int
    net: int
    vat: int
    total: int


@lru_cache(maxsize=512)
def boletas_of(seed: int, company: Company, period: Period) -> tuple[DailyBoletas, ...]:
    """All days of a month by type, also those that a clock in that month does not show yet."""
    if period < HISTORY_START:
        return ()
    return tuple(
        _day(seed, company, doc_type, date(period.year, period.month, number))
        for doc_type in company.profile.boletas
        for number in range(1, period.last_day.day + 1)
        if date(period.year, period.month, number).weekday() != SUNDAY  # the shop is closed
    )


def _day(seed: int, company: Company, doc_type: int, day: date) -> DailyBoletas:
    rng = Random(f"{seed}:boletas:{company.rut.canonical}:{doc_type}:{day}")
    count = rng.randint(15, 240)
    net = count * rng.randint(3_000, 15_000) + rng.randint(0, 999)
    exempt = rng.randint(1_000, 30_000) if doc_type == BOLETAS and rng.random() < 0.1 else 0
    vat = (net * VAT_PERCENT + 50) // 100
    return DailyBoletas(doc_type, day, count, exempt, net, vat, exempt + net + vat)
