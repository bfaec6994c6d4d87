"""Reads the RCV's export (CSV lines in JSON) with cl-sii, around a defect of its version 0.79.

cl-sii groups the rows of purchases by folio, type and a column that does not exist ("Rut
Proveedor"; SII writes "RUT Proveedor"), so two suppliers' documents of the same folio and type
become one, silently. It therefore gets files in which no folio and type come twice.
"""

import csv
import logging
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from cl_sii.rcv.constants import RcEstadoContable, RcvKind
from cl_sii.rcv.parse_csv import get_rcv_csv_file_parser
from cl_sii.rut import Rut

from app.domain.documents import AccountingState, Direction, OtherTax, RegisterDocument
from app.domain.periods import Period
from app.errors import UnexpectedAnswer

_RUT = {Direction.PURCHASE: "RUT Proveedor", Direction.SALE: "Rut cliente"}
_TOTAL = {Direction.PURCHASE: "Monto Total", Direction.SALE: "Monto total"}

# It logs whole rows of its customers' books where one does not fit.
logging.getLogger("cl_sii.rcv.parse_csv").setLevel(logging.CRITICAL)


class _Key(NamedTuple):
    folio: str
    doc_type: str
    rut: str


def parse_export(
    data: Any, company_rut: str, period: Period, direction: Direction, state: AccountingState
) -> list[RegisterDocument]:
    """Returns the documents of an export: `data` is its header line and one line per row.

    Raises UnexpectedAnswer where the header or a row is not what the contract says.
    """
    if not isinstance(data or [], list) or not all(isinstance(line, str) for line in data or []):
        raise UnexpectedAnswer("The RCV's export is no list of lines.")
    filled = [line.rstrip("\r\n") for line in data or [] if line.strip()]
    if not filled:
        return []
    header, *lines = filled
    groups = _lines_of_each(header, lines, direction)
    entries = [
        entry
        for part in _without_repeats(groups)
        for entry in _parsed(header, part, company_rut, direction, state)
    ]
    if len(entries) != len(groups):
        raise UnexpectedAnswer(f"{len(groups)} documents were sent, {len(entries)} were read.")
    return [_document(entry, period, direction, state) for entry in entries]


def _lines_of_each(header: str, lines: list[str], direction: Direction) -> dict[_Key, list[str]]:
    """Returns each document's lines: its own, and one for each further tax (`otro impuesto`)."""
    names = _cells(header)
    groups: dict[_Key, list[str]] = defaultdict(list)
    mains: dict[_Key, int] = defaultdict(int)
    for line in lines:
        cells = _cells(line)
        if len(cells) > len(names) and not any(cells[len(names) :]):
            cells = cells[: len(names)]  # SII may end a row, not the header, with a semicolon
        if len(cells) != len(names):
            raise UnexpectedAnswer(
                f"A row of the RCV's export has {len(cells)} columns, its header {len(names)}."
            )
        row = dict(zip(names, cells, strict=True))
        key = _Key(row.get("Folio", ""), row.get("Tipo Doc", ""), row.get(_RUT[direction], ""))
        groups[key].append(line)
        mains[key] += bool(row.get("Fecha Recepcion") or row.get(_TOTAL[direction]))
    if any(mains[key] != 1 for key in groups):
        raise UnexpectedAnswer("The RCV's export has a document twice, or only its further taxes.")
    return dict(groups)


def _cells(line: str) -> list[str]:
    return next(csv.reader([line], delimiter=";", quotechar='"', doublequote=False))


def _without_repeats(groups: dict[_Key, list[str]]) -> list[list[str]]:
    """Deals the lines out to as few parts as hold each folio and type only once."""
    parts: list[list[str]] = [[]]  # one even without rows: the header is checked all the same
    seen: dict[tuple[str, str], int] = defaultdict(int)
    for key, lines in groups.items():
        place = seen[key.folio, key.doc_type]
        seen[key.folio, key.doc_type] += 1
        if place == len(parts):
            parts.append([])
        parts[place] += lines
    return parts


def _parsed(
    header: str, lines: list[str], company_rut: str, direction: Direction, state: AccountingState
) -> Iterator[Any]:
    purchases = direction == Direction.PURCHASE
    parse = get_rcv_csv_file_parser(
        RcvKind.COMPRAS if purchases else RcvKind.VENTAS,
        RcEstadoContable(state) if purchases else None,
    )
    with tempfile.TemporaryDirectory(prefix="rcv-") as directory:
        path = Path(directory) / "export.csv"  # cl-sii reads files only
        path.write_text("\r\n".join([header, *lines, ""]), encoding="utf-8", newline="")
        try:
            for entry, row_number, _, faults in parse(Rut(company_rut), str(path), 0, None):
                if entry is None:
                    raise UnexpectedAnswer(
                        f"Row {row_number} of the RCV's export does not fit: {_columns(faults)}."
                    )
                yield entry
        except (ValueError, TypeError, KeyError, csv.Error):
            raise UnexpectedAnswer("The RCV's export has other columns than agreed.") from None


def _columns(faults: dict[str, Any]) -> str:
    """Names the columns at fault; their values stay out of messages and logs."""
    found = faults.get("validation")
    return ", ".join(sorted(map(str, found))) if isinstance(found, dict) else "the whole row"


def _document(
    entry: Any, period: Period, direction: Direction, state: AccountingState
) -> RegisterDocument:
    purchases = direction == Direction.PURCHASE
    return RegisterDocument(
        direction=direction,
        doc_type=int(entry.tipo_docto),
        folio=entry.folio,
        counterpart_rut=(entry.proveedor_rut if purchases else entry.cliente_rut).canonical,
        counterpart_name=(
            entry.proveedor_razon_social if purchases else entry.cliente_razon_social
        ),
        issue_date=entry.fecha_emision_date,
        reception_at=_utc(entry.fecha_recepcion_dt),
        acknowledged_at=_utc(getattr(entry, "fecha_acuse_dt", None)),
        claimed_at=_utc(getattr(entry, "fecha_reclamo_dt", None)),
        period=str(period),
        accounting_state=state,
        exempt=entry.monto_exento or 0,
        net=entry.monto_neto or 0,
        vat=(entry.monto_iva_recuperable if purchases else entry.monto_iva) or 0,
        vat_non_recoverable=(entry.monto_iva_no_recuperable or 0) if purchases else 0,
        total=entry.monto_total,
        other_taxes=tuple(_other_tax(tax) for tax in entry.otros_impuestos or ()),
    )


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.astimezone(UTC)


def _other_tax(tax: Any) -> OtherTax:
    return OtherTax(
        code=str(tax["codigo_otro_impuesto"] or ""),
        amount=tax["valor_otro_impuesto"] or 0,
        rate=str(tax["tasa_otro_impuesto"] or ""),
    )
