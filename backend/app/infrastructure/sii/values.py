"""Single values as SII and the tools around it write them; what is none is a ValueError."""

import re
from datetime import UTC, date, datetime
from typing import Any

from app.domain.periods import CHILE

LARGEST = 10**18 - 1  # pesos or folios; Postgres' bigint ends a little above
_WHOLE = re.compile(r"-?[0-9]{1,18}")
_DAY = re.compile(r"([0-9]{1,2})[/-]([0-9]{1,2})[/-]((?:19|20|21)[0-9]{2})")
_TIME = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?")
_RATE = re.compile(r"-?[0-9]{1,4}(?:[.,][0-9]{1,6})?")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def decoded(content: bytes) -> str:
    """Returns the text of bytes in UTF-8, with or without BOM, or else in Windows' latin-1."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        # The five bytes that cp1252 leaves open must not cost a whole file.
        return content.decode("cp1252", errors="replace")


def storable(text: str) -> str:
    """Returns the same without what Postgres takes in no text: NUL and halves of characters."""
    return _UNSTORABLE.sub("", text)


def whole(value: Any) -> int:
    """Returns the integer that a JSON number or a text of digits is, LARGEST at most."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > LARGEST:
        raise ValueError("no whole number")
    return value


def day(text: str) -> date:
    """Returns the day that e.g. '12/11/2026' or '12-11-2026' names, of 1900 to 2199."""
    found = _DAY.fullmatch(text.strip())
    if found is None:
        raise ValueError("no day")
    return date(int(found[3]), int(found[2]), int(found[1]))


def moment(text: str) -> datetime:
    """Returns in UTC what e.g. '12/11/2026 10:31:07' is on Chile's clock."""
    named, _, clock = text.strip().partition(" ")
    found = _TIME.fullmatch(clock.strip())
    if found is None:
        raise ValueError("no time")
    hour, minute, second = (int(part or 0) for part in found.groups())
    on = day(named)
    local = datetime(on.year, on.month, on.day, hour, minute, second, tzinfo=CHILE)
    return local.astimezone(UTC)


def rate(text: str) -> str:
    """Returns a rate in percent as SII writes it, its decimals behind a point."""
    if not _RATE.fullmatch(text.strip()):
        raise ValueError("no rate")
    return text.strip().replace(",", ".")
