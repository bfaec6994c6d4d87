"""Numbers and times as people read them."""

from datetime import datetime

from app.domain.periods import CHILE

UNITS = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))


def duration(seconds: float, language: str) -> str:
    """Returns '12 ms', '3,4 s', '5 min', '2 h 5 min': two units at most."""
    if seconds < 0.9995:
        return f"{round(seconds * 1000)} ms"
    if seconds < 10:
        return f"{decimal(seconds, language)} s"
    whole = round(seconds)
    place = next(index for index, (_, size) in enumerate(UNITS) if whole >= size)
    (large, size), rest = UNITS[place], UNITS[place + 1 : place + 2]
    count, left = divmod(whole, size)
    parts = [f"{count} {large}"]
    if rest and left >= rest[0][1] and count < 10:
        parts.append(f"{left // rest[0][1]} {rest[0][0]}")
    return " ".join(parts)


def decimal(value: float, language: str) -> str:
    """Returns a number with one decimal, and Chile's comma in Spanish."""
    text = f"{value:.1f}"
    return text.replace(".", ",") if language == "es" else text


def number(value: int, language: str) -> str:
    """Returns a whole number with its thousands apart."""
    return f"{value:,}".replace(",", ".") if language == "es" else f"{value:,}"


def mebibytes(size: float) -> str:
    """Returns '210 MiB'."""
    return f"{round(size / 2**20)} MiB"


def clock(moment: datetime, now: datetime) -> str:
    """Returns a moment in Chile's time: '14:05' today, '30-11 14:05' on another day."""
    here, today = moment.astimezone(CHILE), now.astimezone(CHILE).date()
    return f"{here:%H:%M}" if here.date() == today else f"{here:%d-%m %H:%M}"
