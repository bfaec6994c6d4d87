"""What day it is at the portal."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

SANTIAGO = ZoneInfo("America/Santiago")


class Clock:
    """The date and time in America/Santiago; the date can be fixed, the time of day runs on."""

    def __init__(self, today: date | None = None) -> None:
        self.fixed = today

    def now(self) -> datetime:
        """The aware time in America/Santiago."""
        now = datetime.now(SANTIAGO)
        if self.fixed is None:
            return now
        return datetime.combine(self.fixed, now.time(), SANTIAGO)

    def today(self) -> date:
        """The date in America/Santiago."""
        return self.now().date()
