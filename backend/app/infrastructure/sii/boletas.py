"""Reads the boletas of a month (`obtieneListaBoletasMes`): one row per day that has some."""

from datetime import date
from typing import Any

from app.domain.boletas import BoletasOfDay
from app.domain.periods import Period
from app.errors import UnexpectedAnswer
from app.infrastructure.sii import values

_AMOUNTS = ("montoExento", "montoNeto", "montoIva", "montoTotal")


def parse_boletas(data: Any, period: Period, doc_type: int) -> list[BoletasOfDay]:
    """Returns the days of `period` by date; none where `data` is None (no boletas).

    Nulls and texts among the rows are passed over, as public clients have met them. Raises
    UnexpectedAnswer where a row is not what the contract says, or a day comes twice.
    """
    try:
        rows = [] if data is None else data["boletas"]
        if not isinstance(rows, list | None):
            raise TypeError("no list")
        days = [
            _day(row, period, doc_type)
            for row in rows or []
            if row is not None and not isinstance(row, str)
        ]
    except (KeyError, TypeError, ValueError, OverflowError, AttributeError):
        raise UnexpectedAnswer("A row of SII's daily boletas is not what was agreed.") from None
    if len({one.day for one in days}) < len(days):
        raise UnexpectedAnswer("A day comes twice in SII's daily boletas.")
    return sorted((one for one in days if one.count), key=lambda one: one.day)


def _day(row: dict[str, Any], period: Period, doc_type: int) -> BoletasOfDay:
    count = values.whole(row["totalDocumentos"])
    if count < 0:
        raise ValueError("fewer than none")
    exempt, net, vat, total = (values.whole(row[name] or 0) for name in _AMOUNTS)
    return BoletasOfDay(doc_type, _date(row["dia"], period), count, exempt, net, vat, total)


def _date(value: Any, period: Period) -> date:
    """Reads `5`, `"05"` or `"05/11/2026"`: which of them SII writes is not known."""
    if isinstance(value, str) and not value.strip().isdigit():
        found = values.day(value)
        if (found.year, found.month) != (period.year, period.month):
            raise ValueError("a day of another month")
        return found
    return date(period.year, period.month, values.whole(value))
