"""Reads what the portal's home page says of the taxpayer: the global `DatosCntrNow`."""

import json
import math
import re
from typing import Any

from app.errors import UnexpectedAnswer
from app.infrastructure.sii import pages, values

LARGEST = 64 * 1024  # characters; what is known of one taxpayer is a few thousand
DEEPEST = 20  # levels of objects and lists in one another


def parse_taxpayer(page: str | bytes) -> dict[str, Any]:
    """Returns the parts of `DatosCntrNow` that are about the taxpayer. Raises UnexpectedAnswer.

    Nothing else is kept: whatever the page says besides may belong to the session. What is kept
    can be stored as JSONB.
    """
    text = values.decoded(page) if isinstance(page, bytes) else page
    found = re.search(rf"\b{pages.TAXPAYER_VARIABLE}\s*=\s*(?=\{{)", text)
    if found is None:
        raise UnexpectedAnswer("SII's home page does not say who is logged in.")
    try:
        data, end = json.JSONDecoder(parse_constant=_refuse).raw_decode(text, found.end())
        if end - found.end() > LARGEST:
            raise UnexpectedAnswer("SII's home page says more of the taxpayer than is plausible.")
        parts = {name: _storable(data[name], 1) for name in pages.TAXPAYER_PARTS if name in data}
    except (ValueError, RecursionError):
        raise UnexpectedAnswer("SII's home page describes the taxpayer in no JSON.") from None
    if not isinstance(parts.get("contribuyente", {}), dict | None):
        raise UnexpectedAnswer("SII's home page describes the taxpayer in another form.")
    return parts


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def _storable(value: Any, depth: int) -> Any:
    """Returns the same without what Postgres does not take. Raises ValueError where it is odd."""
    if depth > DEEPEST:
        raise ValueError("too deep")
    if isinstance(value, str):
        return values.storable(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("too large for a number")  # 1e400
    if isinstance(value, list):
        return [_storable(item, depth + 1) for item in value]
    if isinstance(value, dict):
        return {values.storable(key): _storable(item, depth + 1) for key, item in value.items()}
    return value
