"""How an obligation comes back: which periods it has, and when each is due by the law's own words.

Days are days in Chile. Whether a day that is no business day moves is the obligation's matter.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Protocol

from app.domain.periods import Period


@dataclass(frozen=True)
class Nominal:
    """One due date as the law names it, of one installment of one period."""

    period_start: date
    period_end: date
    installment: int
    day: date


class Recurrence(Protocol):
    """What `Monthly` and `Yearly` have in common. `facts` are the company's."""

    def around(self, since: date, until: date, facts: Any) -> Iterator[Nominal]:
        """Yields, in order, at least all that are due from `since` to `until`, and what follows."""

    def of(self, period_start: date, installment: int, facts: Any) -> Nominal | None:
        """Returns the one of that period, None where there is no such period or installment."""


@dataclass(frozen=True)
class Monthly:
    """Each calendar month is due on `day` of the month after.

    `day_fact` names the fact that says another day for a company, e.g. 20 instead of 12.
    """

    day: int
    day_fact: str | None = None

    def around(self, since: date, until: date, facts: Any) -> Iterator[Nominal]:
        """Yields as `Recurrence` says."""
        period = _month_of(since).shift(-2)  # a due date that moves may come from the month before
        while period <= _month_of(until):
            yield self._nominal(period, facts)
            period = period.shift(1)

    def of(self, period_start: date, installment: int, facts: Any) -> Nominal | None:
        """Returns as `Recurrence` says."""
        if period_start.day != 1 or installment != 1:
            return None
        return self._nominal(_month_of(period_start), facts)

    def _nominal(self, period: Period, facts: Any) -> Nominal:
        after = period.shift(1)
        day = getattr(facts, self.day_fact) if self.day_fact else self.day
        first_after = date(after.year, after.month, 1)
        return Nominal(
            date(period.year, period.month, 1),
            first_after - timedelta(days=1),
            1,
            first_after.replace(day=day),
        )


@dataclass(frozen=True)
class Installment:
    """A day of the year, so many years after the one in which the period begins."""

    month: int
    day: int
    years_after: int = 0


@dataclass(frozen=True)
class Yearly:
    """Twelve months from the first of `first_month`, due in one or more installments.

    `announced` are days that an authority has set for single years, by the year in which the
    period begins; they stand in for the only installment.
    """

    installments: tuple[Installment, ...]
    first_month: int = 1
    announced: Mapping[int, date] = field(default_factory=dict)

    def around(self, since: date, until: date, facts: Any) -> Iterator[Nominal]:  # noqa: ARG002
        """Yields as `Recurrence` says."""
        for year in range(since.year - 2, until.year + 2):
            for number in range(1, len(self.installments) + 1):
                yield self._nominal(year, number)

    def of(self, period_start: date, installment: int, facts: Any) -> Nominal | None:  # noqa: ARG002
        """Returns as `Recurrence` says."""
        begins = (period_start.month, period_start.day) == (self.first_month, 1)
        if not begins or not 1 <= installment <= len(self.installments):
            return None
        return self._nominal(period_start.year, installment)

    def _nominal(self, year: int, number: int) -> Nominal:
        one = self.installments[number - 1]
        start = date(year, self.first_month, 1)
        day = self.announced.get(year) or date(year + one.years_after, one.month, one.day)
        return Nominal(start, start.replace(year=year + 1) - timedelta(days=1), number, day)


def _month_of(day: date) -> Period:
    return Period(day.year, day.month)
