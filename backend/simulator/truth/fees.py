"""Boletas de honorarios that one company received in one month: always the same for a seed."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from random import Random

from cl_sii.rut import Rut

from simulator.truth.companies import Company
from simulator.truth.names import invented_person, invented_rut
from simulator.truth.periods import HISTORY_START, Period

CURRENT, ANNULLED = "N", "S"
ISSUERS = 40
# Parts of 10 000 that whoever pays withholds, by year; law 21.133 raises them.
RATES = {2023: 1300, 2024: 1375, 2025: 1450, 2026: 1525, 2027: 1600}


@dataclass(frozen=True)
class Fee:
    """One row of the report. Amounts in pesos."""

    issuer_rut: Rut
    issuer_name: str
    folio: int
    issue_date: date
    status: str
    annulled_on: date | None
    gross: int
    withheld: int

    @property
    def net(self) -> int:
        return self.gross - self.withheld


@lru_cache(maxsize=512)
def fees_of(seed: int, company: Company, period: Period) -> tuple[Fee, ...]:
    """All boletas of a month by day, also those that a clock in that month does not show yet."""
    if period < HISTORY_START:
        return ()
    rng = Random(f"{seed}:fees:{company.rut.canonical}:{period}")
    issuers = _issuers(seed, company.rut)
    made = [
        _fee(rng, period, ordinal, *rng.choice(issuers))
        for ordinal in range(rng.randint(*company.profile.fees))
    ]
    return tuple(sorted(made, key=lambda one: (one.issue_date, one.folio)))


def withheld_of(fees: tuple[Fee, ...]) -> int:
    """What a month's boletas leave to be paid: code 151 of the F29."""
    return sum(one.withheld for one in fees if one.status == CURRENT)


def _issuers(seed: int, owner: Rut) -> list[tuple[Rut, str]]:
    rng = Random(f"{seed}:{owner.canonical}:issuers")
    return [(invented_rut(rng), invented_person(rng)) for _ in range(ISSUERS)]


def _fee(rng: Random, period: Period, ordinal: int, rut: Rut, name: str) -> Fee:
    issued = date(period.year, period.month, rng.randint(1, period.last_day.day))
    gross = rng.randint(40, 1_500) * 1_000 + rng.choice((0, 0, 500))
    # The first of a month counts and is withheld from; of others one in eight withholds itself,
    # and one in ten is annulled.
    withholds_itself = ordinal > 0 and rng.random() < 0.125
    is_annulled = ordinal > 0 and rng.random() < 0.1
    rate = RATES.get(period.year, max(RATES.values()))
    return Fee(
        rut,
        name,
        # An issuer numbers its own boletas: room for 200 of them a month.
        Random(rut.canonical).randint(1, 900) + period.index * 200 + ordinal,
        issued,
        ANNULLED if is_annulled else CURRENT,
        issued + timedelta(days=rng.randint(0, 2)) if is_annulled else None,
        gross,
        0 if withholds_itself else (gross * rate + 5_000) // 10_000,
    )
