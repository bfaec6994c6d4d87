"""Tax periods (`periodo tributario`): calendar months of Chile."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from app.errors import InvalidInput

CHILE = ZoneInfo("America/Santiago")  # SII's clock decides in which month a moment falls
_SHAPE = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")


@dataclass(frozen=True, order=True)
class Period:
    """One month; earlier ones compare as smaller."""

    year: int
    month: int

    def __post_init__(self) -> None:
        if not (1 <= self.year <= 9999 and 1 <= self.month <= 12):
            raise InvalidInput(f"There is no month {self.month} of year {self.year}.", "period")

    @classmethod
    def parse(cls, text: str) -> "Period":
        """Returns the period that e.g. '2026-11' names. Raises InvalidInput for anything else."""
        match = _SHAPE.fullmatch(text)
        if match is None:
            raise InvalidInput("This is no period; write it like 2026-11.", "period")
        return cls(int(match[1]), int(match[2]))

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"

    @property
    def ptributario(self) -> str:
        """SII's spelling, e.g. '202611'."""
        return f"{self.year:04d}{self.month:02d}"

    def shift(self, months: int) -> "Period":
        """Returns the period so many months later; earlier where `months` is negative."""
        # Counted in months, never in steps of 30 days, which skip February or repeat a 31st.
        year, month = divmod(self.year * 12 + self.month - 1 + months, 12)
        return Period(year, month + 1)


def current_period(now: datetime) -> Period:
    """Returns the period in which the aware time `now` falls in Chile."""
    local = day_in_chile(now)
    return Period(local.year, local.month)


def day_in_chile(now: datetime) -> date:
    """Returns the day that the aware time `now` falls on in Chile."""
    if now.tzinfo is None:
        raise ValueError("a naive time names no moment")
    return now.astimezone(CHILE).date()


def months_back(last: Period, months: int) -> list[Period]:
    """Returns the `months` periods that end with `last`, oldest first."""
    return [last.shift(-back) for back in reversed(range(months))]
