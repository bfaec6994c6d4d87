"""The monthly tax return (F29): what a list says of one, and whether its codes add up."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from app.domain.periods import Period


class F29Status(StrEnum):
    """SII's word for a return's state, in one spelling."""

    CURRENT = "Vigente"
    RECTIFIED = "Rectificada"
    ANNULLED = "Anulada"
    UNKNOWN = "Desconocido"


_WORDS = {
    "vigente": F29Status.CURRENT,
    "rectificada": F29Status.RECTIFIED,
    "rectificado": F29Status.RECTIFIED,
    "anulada": F29Status.ANNULLED,
    "anulado": F29Status.ANNULLED,
}


def status_of(raw: str) -> F29Status:
    """Returns the status that SII's word means; a word that nobody knows is never `Vigente`."""
    return _WORDS.get(raw.strip().lower(), F29Status.UNKNOWN)


@dataclass(frozen=True)
class F29Listed:
    """One return as a list of SII's shows it. `amount` in pesos, None where the list has none."""

    folio: int
    period: Period
    rut: str  # canonical
    submitted_on: date
    status_raw: str
    amount: int | None = None
    cod_int: int | None = None  # SII's inner number, which the PDF's address needs

    @property
    def status(self) -> F29Status:
        """What `status_raw` means."""
        return status_of(self.status_raw)


@dataclass(frozen=True)
class F29Pdf:
    """The PDF of a return, proven to be that return's. `codes` in pesos or counts, by code."""

    content: bytes
    sha256: str
    pages: int
    codes: dict[str, int]


# What a code must be, as a sum of others with their signs (simplified, domain.md section 3).
_SUMS: dict[str, tuple[tuple[int, str], ...]] = {
    "538": (
        (1, "502"), (1, "111"), (1, "513"), (1, "501"), (1, "517"), (1, "154"), (1, "518"),
        (1, "713"), (1, "717"), (1, "759"), (1, "764"), (-1, "510"), (-1, "709"), (-1, "734"),
    ),
    "537": (
        (1, "520"), (1, "762"), (1, "766"), (1, "525"), (1, "532"), (1, "535"), (1, "553"),
        (1, "504"), (-1, "528"), (1, "593"), (1, "594"), (1, "592"), (1, "539"), (1, "718"),
    ),
    "595": ((1, "89"), (1, "62"), (1, "48"), (1, "151"), (1, "153")),
    "547": ((1, "595"),),
    "91": ((1, "547"),),
    "94": ((1, "91"), (1, "92"), (1, "93"), (-1, "795")),
}  # fmt: skip


def arithmetic_faults(codes: Mapping[str, int]) -> list[str]:
    """Returns one sentence per code of a form that is not what its other codes come to.

    Only codes that the form shows are judged, by parts of which it shows one at least; the other
    parts count as 0.
    """
    expected = {
        code: sum(sign * codes.get(term, 0) for sign, term in terms)
        for code, terms in _SUMS.items()
        if any(term in codes for _, term in terms)
    }
    if "538" in codes or "537" in codes:
        balance = codes.get("538", 0) - codes.get("537", 0)
        expected |= {"89": max(balance, 0), "77": max(-balance, 0)}
    return [
        f"Code {code} is {codes[code]}, its parts come to {wanted}."
        for code, wanted in sorted(expected.items(), key=lambda item: int(item[0]))
        if code in codes and codes[code] != wanted
    ]
