"""Reads the RCV's summary (`getResumen`): what SII itself counts per type of document."""

from typing import Any

from app.domain.documents import AccountingState, SummaryRow
from app.errors import UnexpectedAnswer
from app.infrastructure.sii import pages, values

_MOST_TYPE = 9999
_AMOUNTS = ("rsmnMntExe", "rsmnMntNeto", "rsmnMntIVA", "rsmnMntTotal")


def parse_summary(data: Any, state: AccountingState) -> list[SummaryRow]:
    """Returns one row per document type; none where `data` is None (no documents).

    Raises UnexpectedAnswer where a row is not what the contract says.
    """
    if not isinstance(data, list | None):
        raise UnexpectedAnswer("The RCV's summary is no list of rows.")
    try:
        rows = [_row(entry, state) for entry in data or []]
        by_type: dict[int, SummaryRow] = {}
        for row in rows:  # SII lists a type twice where part of it comes as totals only
            seen = by_type.get(row.doc_type)
            by_type[row.doc_type] = row if seen is None else _sum(seen, row)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise UnexpectedAnswer("A row of the RCV's summary is not what was agreed.") from None
    return [row for row in by_type.values() if row.count]


def _row(entry: dict[str, Any], state: AccountingState) -> SummaryRow:
    doc_type, count = values.whole(entry["rsmnTipoDocInteger"]), values.whole(entry["rsmnTotDoc"])
    if not 0 < doc_type <= _MOST_TYPE or count < 0:
        raise ValueError("no type of document, or fewer than none")
    totals_only = entry.get("dcvTipoIngresoDoc") == pages.TOTALS_ONLY
    exempt, net, vat, total = (values.whole(entry[name] or 0) for name in _AMOUNTS)
    return SummaryRow(
        accounting_state=state,
        doc_type=doc_type,
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
        count=values.whole(one.count + other.count),
        detailed=values.whole(one.detailed + other.detailed),
        exempt=values.whole(one.exempt + other.exempt),
        net=values.whole(one.net + other.net),
        vat=values.whole(one.vat + other.vat),
        total=values.whole(one.total + other.total),
    )
