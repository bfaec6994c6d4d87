"""Reads the RCV's summary (`getResumen`): what SII itself counts per type of document."""

from typing import Any

from app.domain.documents import AccountingState, SummaryRow
from app.errors import UnexpectedAnswer
from app.infrastructure.sii import pages

_AMOUNTS = ("rsmnMntExe", "rsmnMntNeto", "rsmnMntIVA", "rsmnMntTotal")


def parse_summary(data: Any, state: AccountingState) -> list[SummaryRow]:
    """Returns one row per document type; none where `data` is None (no documents).

    Raises UnexpectedAnswer where a row is not what the contract says.
    """
    try:
        rows = [_row(entry, state) for entry in data or []]
    except (KeyError, TypeError, ValueError):
        raise UnexpectedAnswer("A row of the RCV's summary is not what was agreed.") from None
    by_type: dict[int, SummaryRow] = {}
    for row in rows:  # SII lists a type twice where part of it comes as totals only
        seen = by_type.get(row.doc_type)
        by_type[row.doc_type] = row if seen is None else _sum(seen, row)
    return [row for row in by_type.values() if row.count]


def _row(entry: dict[str, Any], state: AccountingState) -> SummaryRow:
    count = int(entry["rsmnTotDoc"])
    totals_only = entry.get("dcvTipoIngresoDoc") == pages.TOTALS_ONLY
    exempt, net, vat, total = (int(entry[name] or 0) for name in _AMOUNTS)
    return SummaryRow(
        accounting_state=state,
        doc_type=int(entry["rsmnTipoDocInteger"]),
        count=count,
        detailed=0 if totals_only else count,
        exempt=exempt,
        net=net,
        vat=vat,
        total=total,
    )


def _sum(one: SummaryRow, other: SummaryRow) -> SummaryRow:
    return SummaryRow(
        accounting_state=one.accounting_state,
        doc_type=one.doc_type,
        count=one.count + other.count,
        detailed=one.detailed + other.detailed,
        exempt=one.exempt + other.exempt,
        net=one.net + other.net,
        vat=one.vat + other.vat,
        total=one.total + other.total,
    )
