"""Opaque cursors of keyset pages: the sort key of the last row that was shown."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from app.errors import InvalidInput

T = TypeVar("T")

LARGEST_ID = 2**63 - 1  # bigint


def encode_cursor(*key: object) -> str:
    """Returns a cursor for a row's sort key."""
    text = json.dumps([str(part) for part in key], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor(cursor: str, *parsers: Callable[[str], Any]) -> tuple[Any, ...]:
    """Returns the sort key in `cursor`, each part read by its parser.

    Raises InvalidInput where this is no cursor that `encode_cursor` made.
    """
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        parts = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        return tuple(parse(part) for parse, part in zip(parsers, parts, strict=True))
    except (InvalidInput, ValueError, TypeError, AttributeError, binascii.Error, RecursionError):
        raise InvalidInput("This cursor is not one that the API gave.", "cursor") from None


def cut_page(
    found: Sequence[T], limit: int, key: Callable[[T], tuple[object, ...]]
) -> tuple[Sequence[T], str | None]:
    """Returns the first `limit` rows of `found`, which was asked for one more, and the cursor of
    the next page where there is one. `key` returns a row's sort key."""
    page = found[:limit]
    return page, encode_cursor(*key(page[-1])) if len(found) > limit else None


def bigint(text: str) -> int:
    """Returns an id that Postgres can compare with. Raises ValueError."""
    number = int(text)
    if not 0 <= number <= LARGEST_ID:
        raise ValueError(text)
    return number
