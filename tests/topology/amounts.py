"""Sizes and times as each platform writes them, as numbers.

What is no whole number comes back as it is: the parity test then names the field, where an error
would name a line of ours.
"""

import re
from typing import Any

BYTES = {"Ki": 1024, "Mi": 1024**2, "Gi": 1024**3, "k": 10**3, "M": 10**6, "G": 10**9, "": 1}


def whole(text: str) -> Any:
    """Reads a whole number."""
    return int(text) if text.isdecimal() else text


def mebibytes(size: str | int) -> Any:
    """Reads bytes, which Compose prints as text."""
    mib, rest = divmod(int(size), 1024**2)
    return int(size) / 1024**2 if rest else mib


def mebibytes_of(quantity: Any) -> Any:
    """Reads a Kubernetes quantity of bytes, e.g. 1536Mi."""
    number, unit = re.fullmatch(r"(\d+)([A-Za-z]*)", str(quantity)).groups()
    return mebibytes(int(number) * BYTES[unit])


def seconds(duration: str) -> int:
    """Reads Go's notation as Compose prints it, e.g. 1m0s."""
    factors = {"h": 3600, "m": 60, "s": 1}
    return sum(int(count) * factors[unit] for count, unit in re.findall(r"(\d+)([hms])", duration))
