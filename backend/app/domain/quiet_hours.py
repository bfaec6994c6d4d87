"""When a person may be told: quiet hours, muted weekdays, so many a day, so far apart.

All by the wall clock of the person's zone. Quiet hours are one stretch of time: at a clock change
they last from the first moment that the clock shows their start to the last one that it shows
their end, so that an hour that comes twice wakes nobody, and an hour that never comes ends them.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from app.errors import InvalidInput

_DAY = timedelta(days=1)
WEEKDAYS = frozenset(range(1, 8))  # ISO: Monday is 1
MOST_PER_DAY = 100
LONGEST_INTERVAL = 1440  # minutes


def find_zone(name: str) -> ZoneInfo:
    """Returns a zone by its IANA name. Raises InvalidInput."""
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError):  # unknown, a directory, no name at all
        raise InvalidInput(
            f"There is no time zone {name[:60]!r}; write one like America/Santiago.", "time_zone"
        ) from None


@dataclass(frozen=True)
class Wishes:
    """What a person has asked for. Times of day are in their zone; `min_interval` in minutes."""

    zone: ZoneInfo
    quiet_start: time | None = None
    quiet_end: time | None = None
    muted_weekdays: Collection[int] = ()
    max_per_day: int | None = None
    min_interval: int | None = None

    def check(self) -> None:
        """Returns where these wishes can be met. Raises InvalidInput, which names the field."""
        if (self.quiet_start is None) != (self.quiet_end is None):
            raise InvalidInput("Quiet hours need both a start and an end.", "quiet_end")
        if self.quiet_start is not None and self.quiet_start == self.quiet_end:
            raise InvalidInput(
                "Quiet hours that end when they start are none or all; leave both out, or set"
                " enabled to false.",
                "quiet_end",
            )
        muted = set(self.muted_weekdays)
        if not muted <= WEEKDAYS:
            raise InvalidInput("Weekdays are 1 (Monday) to 7 (Sunday).", "muted_weekdays")
        if muted == WEEKDAYS:
            raise InvalidInput(
                "Every weekday is muted; set enabled to false instead.", "muted_weekdays"
            )
        _check_range(self.max_per_day, MOST_PER_DAY, "max_per_day")
        _check_range(self.min_interval, LONGEST_INTERVAL, "min_interval_minutes")


def _check_range(value: int | None, most: int, field: str) -> None:
    if value is not None and not 1 <= value <= most:
        raise InvalidInput(f"{field} is {value}; it must be from 1 to {most}.", field)


def first_allowed(wishes: Wishes, at: datetime, told: Sequence[datetime] = ()) -> datetime:
    """Returns the first moment from `at` on at which the person may be told once more, in UTC.

    `told` are the moments at which they were told before; those of the last 26 hours, and of the
    last interval, are enough. The wishes are ones that `check` lets pass.
    """
    moment = at.astimezone(UTC)
    while (later := _later(wishes, moment, told)) is not None:
        moment = later
    return moment


def _later(wishes: Wishes, at: datetime, told: Sequence[datetime]) -> datetime | None:
    """Returns a later moment before which nothing is allowed, None where `at` is allowed."""
    today = at.astimezone(wishes.zone).date()
    if today.isoweekday() in wishes.muted_weekdays or _is_full(wishes, today, told):
        return _moment(wishes.zone, today + _DAY, time(0), last=False)
    if told and wishes.min_interval is not None:
        again = max(told).astimezone(UTC) + timedelta(minutes=wishes.min_interval)
        if again > at:
            return again
    return _end_of_quiet(wishes, at, today)


def _is_full(wishes: Wishes, today: date, told: Sequence[datetime]) -> bool:
    if wishes.max_per_day is None:
        return False
    return sum(each.astimezone(wishes.zone).date() == today for each in told) >= wishes.max_per_day


def _end_of_quiet(wishes: Wishes, at: datetime, today: date) -> datetime | None:
    if wishes.quiet_start is None or wishes.quiet_end is None:
        return None
    across = wishes.quiet_end <= wishes.quiet_start  # midnight
    for day in (today - _DAY, today):
        start = _moment(wishes.zone, day, wishes.quiet_start, last=False)
        end = _moment(wishes.zone, day + _DAY * across, wishes.quiet_end, last=True)
        if start <= at < end:
            return end
    return None


def _moment(zone: ZoneInfo, day: date, clock: time, *, last: bool) -> datetime:
    """Returns the first or last moment at which the clock shows this, in UTC; where it jumps over
    it, the moment of the jump."""
    first, second = (
        datetime.combine(day, clock.replace(fold=fold), zone).astimezone(UTC) for fold in (0, 1)
    )
    if first <= second:
        return second if last else first
    # A time that never comes: `second`, by the later offset, lies before the jump.
    wanted = datetime.combine(day, clock)
    while first - second > timedelta(seconds=1):
        middle = second + (first - second) / 2
        if middle.astimezone(zone).replace(tzinfo=None) >= wanted:
            first = middle
        else:
            second = middle
    return first.replace(microsecond=0)
