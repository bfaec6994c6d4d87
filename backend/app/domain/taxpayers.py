"""What SII's home page says of a taxpayer (the global `DatosCntrNow`), as columns of ours.

The format of its values was never seen but in public scrapers' code: what is not understood is left
out, and so leaves what is known as it is.
"""

from collections.abc import Mapping
from contextlib import suppress
from datetime import date, datetime
from typing import Any

_YES = {"s", "si", "sí", "true", "1", "y"}
_NO = {"n", "no", "false", "0"}


def facts_of_home_page(data: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the columns of company_tax_info that `data` tells; `data` is DatosCntrNow."""
    taxpayer = data.get("contribuyente") or {}
    found = {
        "f29_due_day": _due_day(taxpayer.get("autorizadoDeclararDia20")),
        "started_on": _day(taxpayer.get("fechaInicioActividades")),
        "activity_name": str(taxpayer.get("glosaActividad") or "").strip() or None,
    }
    return {name: value for name, value in found.items() if value is not None}


def _due_day(value: object) -> int | None:
    word = str(value).strip().lower()
    return 20 if word in _YES else 12 if word in _NO else None


def _day(value: object) -> date | None:
    """Reads 01/02/2023 and 2023-02-01, with whatever follows; None for anything else."""
    text = str(value or "")[:10]
    for shape in ("%d/%m/%Y", "%d-%m-%Y", "%Y-%m-%d"):
        with suppress(ValueError):
            return datetime.strptime(text, shape).date()  # noqa: DTZ007 (a day has no zone)
    return None
