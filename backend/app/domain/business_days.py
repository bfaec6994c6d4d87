"""Business days of Chile, as a tax deadline counts them.

Sources: Código Tributario art. 10 (Saturdays, Sundays and holidays are no business days) and
art. 36 inc. 3 (31 December counts as none for declaring and paying). National holidays come from
the library `holidays`; days that it cannot know (elections, regional days, laws for one day) are
the operator's: they are passed in.
"""

from collections.abc import Collection
from datetime import date, timedelta
from functools import lru_cache

import holidays

SATURDAY = 5


def is_business_day(day: date, extra_holidays: Collection[date] = frozenset()) -> bool:
    """Returns whether a tax deadline may fall on `day`, a day in Chile."""
    return not (
        day.weekday() >= SATURDAY
        or (day.month, day.day) == (12, 31)
        or day in extra_holidays
        or day in national_holidays(day.year)
    )


def next_business_day(day: date, extra_holidays: Collection[date] = frozenset()) -> date:
    """Returns `day` where it is a business day, else the first one after it."""
    while not is_business_day(day, extra_holidays):
        day += timedelta(days=1)
    return day


@lru_cache(maxsize=32)
def national_holidays(year: int) -> dict[date, str]:
    """Returns the national holidays of a year with their Spanish names. Do not change it."""
    return dict(holidays.country_holidays("CL", years=year, language="es"))
