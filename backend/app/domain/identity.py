"""Whom the portal's home page is about."""

from collections.abc import Mapping
from typing import Any

from app.domain.ruts import canonical_rut
from app.errors import InvalidInput


def rut_of_taxpayer(data: Mapping[str, Any]) -> str | None:
    """Returns the canonical RUT in `data`, which is DatosCntrNow; None where it names none.

    A person who represents a company sees their own facts there, not the company's.
    """
    taxpayer = data.get("contribuyente")
    if not isinstance(taxpayer, Mapping):
        return None
    try:
        return canonical_rut(f"{taxpayer.get('rut')}-{taxpayer.get('dv')}")
    except InvalidInput:
        return None
