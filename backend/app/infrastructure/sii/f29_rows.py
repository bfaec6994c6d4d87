"""Rows of the two F29 lists, cell texts in, our own words out."""

import re
from collections.abc import Sequence
from datetime import date

from app.domain.f29 import F29Listed
from app.domain.periods import Period
from app.domain.ruts import canonical_rut
from app.errors import InvalidInput, UnexpectedAnswer
from app.infrastructure.sii import values

_MONTHS = ("ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic")
_WORDED = re.compile(r"([a-zé]{3,10})\.?[ /-]+(?:de )?((?:19|20)[0-9]{2})", re.IGNORECASE)
_NUMBERED = re.compile(r"(0?[1-9]|1[0-2])[-/ ]((?:19|20)[0-9]{2})")
_SORTED = re.compile(r"((?:19|20)[0-9]{2})-?(0[1-9]|1[0-2])")
_FOLIO = re.compile(r"[0-9]{1,15}")
_PESOS = re.compile(r"\$? ?(-?)(?:([0-9]{1,3}(?:\.[0-9]{3}){1,5})|([0-9]{1,18}))")


def parse_row(cells: Sequence[str], variant: str) -> F29Listed:
    """Returns the return that a row of list 'A' or 'B' shows. Raises UnexpectedAnswer."""
    try:
        period, folio, rut, handed_in, status = map(_cell, cells[:5])
    except ValueError:
        raise UnexpectedAnswer(f"A row of SII's F29 list has {len(cells)} cells.") from None
    if not status:
        raise UnexpectedAnswer("A row of SII's F29 list has no status.")
    return F29Listed(
        folio=parse_folio(folio),
        period=parse_period(period),
        rut=_rut(rut),
        submitted_on=parse_date(handed_in),
        status_raw=status,
        amount=parse_pesos(cells[5]) if variant == "A" and len(cells) > 5 else None,
    )


def _cell(text: str) -> str:
    return " ".join(values.storable(text).split())


def parse_period(text: str) -> Period:
    """Returns the month that e.g. 'Ene 2025', '01/2025' or '202501' names."""
    found = text.strip()
    if worded := _WORDED.fullmatch(found):
        month = worded[1][:3].lower()
        if month in _MONTHS:
            return Period(int(worded[2]), _MONTHS.index(month) + 1)
    elif numbered := _NUMBERED.fullmatch(found):
        return Period(int(numbered[2]), int(numbered[1]))
    elif in_order := _SORTED.fullmatch(found):
        return Period(int(in_order[1]), int(in_order[2]))
    raise UnexpectedAnswer("SII's F29 list names a period in an unknown way.")


def parse_folio(text: str) -> int:
    """Returns a folio; dots between its digits are let through."""
    digits = text.strip().replace(".", "")
    if not _FOLIO.fullmatch(digits):
        raise UnexpectedAnswer("SII's F29 list has a folio that is no number.")
    return int(digits)


def parse_date(text: str) -> date:
    """Returns the day of '12/11/2026' or '12-11-2026', whatever time stands behind it."""
    try:
        return values.day(text.strip().split(" ")[0])
    except ValueError:
        raise UnexpectedAnswer("SII's F29 list has a date in an unknown form.") from None


def parse_pesos(text: str) -> int | None:
    """Returns the pesos of e.g. '$ 1.234.567', None for an empty cell or a dash."""
    found = text.replace("\xa0", " ").strip()
    if found in {"", "-"}:
        return None
    match = _PESOS.fullmatch(found)
    if match is None:
        raise UnexpectedAnswer("SII's F29 list has an amount in an unknown form.")
    amount = int((match[2] or match[3]).replace(".", ""))
    return -amount if match[1] else amount


def _rut(text: str) -> str:
    try:
        return canonical_rut(text)
    except InvalidInput:
        raise UnexpectedAnswer("SII's F29 list has a RUT that is none.") from None
