"""Tax periods: calendar months written YYYYMM."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, order=True)
class Period:
    """One calendar month."""

    year: int
    month: int

    @classmethod
    def parse(cls, text: str) -> "Period":
        """Read 'YYYYMM'; raises ValueError for anything else."""
        if not re.fullmatch(r"20\d\d(0[1-9]|1[0-2])", text):
            raise ValueError(f"{text!r} is no period YYYYMM")
        return cls(int(text[:4]), int(text[4:]))

    @classmethod
    def of(cls, day: date) -> "Period":
        """The month that `day` lies in."""
        return cls(day.year, day.month)

    @property
    def first_day(self) -> date:
        return date(self.year, self.month, 1)

    @property
    def last_day(self) -> date:
        return date(self.year, self.month, monthrange(self.year, self.month)[1])

    @property
    def index(self) -> int:
        """Months since year 2000: grows by one each month."""
        return (self.year - 2000) * 12 + self.month - 1

    def previous(self) -> "Period":
        """The month before."""
        return Period.of(self.first_day - timedelta(days=1))

    def next(self) -> "Period":
        """The month after."""
        return Period.of(self.last_day + timedelta(days=1))

    def __str__(self) -> str:
        return f"{self.year}{self.month:02d}"


# The companies started here; the portal keeps no RCV from before August 2017 anyway.
HISTORY_START = Period(2023, 1)
