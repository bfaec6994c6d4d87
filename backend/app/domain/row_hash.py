"""Tells a changed row of SII's from one that is already stored."""

import hashlib
import json
from dataclasses import asdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def row_hash(row: "DataclassInstance") -> str:
    """Returns SHA-256, in hexadecimal, over every field of a dataclass."""
    return hashlib.sha256(json.dumps(asdict(row), sort_keys=True, default=str).encode()).hexdigest()
