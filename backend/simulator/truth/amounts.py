"""Amounts of a document in whole pesos; the RCV writes credit notes as positive numbers."""

from dataclasses import dataclass
from random import Random

VAT_PERCENT = 19
EXEMPT_TYPES = (32, 34, 110, 111, 112)
# Code and rate in percent of taxes beside the IVA: soft drinks and wine.
OTHER_TAXES = (("27", "10"), ("25", "20.5"))


@dataclass(frozen=True)
class OtherTax:
    """A tax beside the IVA: SII's code, its rate in percent as written, pesos."""

    code: str
    rate: str
    amount: int


@dataclass(frozen=True)
class Amounts:
    """What a document costs; `total` includes everything else."""

    exempt: int
    net: int
    vat: int
    vat_non_rec: int
    vat_non_rec_code: str
    other_taxes: tuple[OtherTax, ...]
    total: int


def draw_amounts(
    rng: Random, doc_type: int, other_taxes: int = 0, recoverable: float = 1.0
) -> Amounts:
    """Amounts for a document of `doc_type` with so many taxes beside the IVA.

    `recoverable` is the chance that its IVA can be recovered; only purchases have others.
    """
    worth = rng.randint(5_000, 3_000_000)
    if doc_type in EXEMPT_TYPES:
        return Amounts(worth, 0, 0, 0, "", (), worth)
    exempt = rng.randint(1_000, 50_000) if rng.random() < 0.06 else 0
    vat = (worth * VAT_PERCENT + 50) // 100
    lost = rng.random() >= recoverable
    taxes = tuple(
        OtherTax(code, rate, round(worth * float(rate) / 100))
        for code, rate in OTHER_TAXES[:other_taxes]
    )
    return Amounts(
        exempt=exempt,
        net=worth,
        vat=0 if lost else vat,
        vat_non_rec=vat if lost else 0,
        vat_non_rec_code="1" if lost else "",
        other_taxes=taxes,
        total=exempt + worth + vat + sum(tax.amount for tax in taxes),
    )
