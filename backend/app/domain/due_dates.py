"""When something is due: an obligation, a company's facts and a horizon in, days in Chile out."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from app.domain.business_days import next_business_day
from app.domain.obligations import Facts, Obligation
from app.domain.recurrence import Nominal


@dataclass(frozen=True, order=True)
class DueDate:
    """One installment of one period: its day by the law's words, and the day that counts."""

    due: date
    period_start: date
    period_end: date
    installment: int
    nominal: date


def due_dates(
    obligation: Obligation,
    facts: Facts,
    since: date,
    until: date,
    extra_holidays: Collection[date] = frozenset(),
) -> list[DueDate]:
    """Returns what is due from `since` to `until`, both included, in order.

    Where nothing is, the next one after `until`: an annual obligation always has one ahead.
    Periods that ended before the company began its activities have none.
    """
    found = sorted(
        _moved(obligation, nominal, extra_holidays)
        for nominal in obligation.recurrence.around(since, until, facts)
        if not _is_before_start(nominal, facts)
    )
    ahead = [one for one in found if one.due >= since]
    return [one for one in ahead if one.due <= until] or ahead[:1]


def due_date_of(
    obligation: Obligation,
    facts: Facts,
    period_start: date,
    installment: int,
    extra_holidays: Collection[date] = frozenset(),
) -> DueDate | None:
    """Returns when that installment of that period is due, None where there is no such thing."""
    nominal = obligation.recurrence.of(period_start, installment, facts)
    if nominal is None or _is_before_start(nominal, facts):
        return None
    return _moved(obligation, nominal, extra_holidays)


def statuses(days: Sequence[date], today: date) -> list[str]:
    """Returns the status of each open event of one obligation, given the days they are due.

    `days` in ascending order: what has passed is overdue, the next one in progress, the rest
    pending. Who has until today is not late.
    """
    late = sum(day < today for day in days)
    ahead = len(days) - late
    return ["overdue"] * late + ["in_progress"] * min(ahead, 1) + ["pending"] * (ahead - 1)


def _is_before_start(nominal: Nominal, facts: Facts) -> bool:
    return facts.started_on is not None and nominal.period_end < facts.started_on


def _moved(obligation: Obligation, nominal: Nominal, extra_holidays: Collection[date]) -> DueDate:
    day = next_business_day(nominal.day, extra_holidays) if obligation.rolls else nominal.day
    return DueDate(
        due=day,
        period_start=nominal.period_start,
        period_end=nominal.period_end,
        installment=nominal.installment,
        nominal=nominal.day,
    )
