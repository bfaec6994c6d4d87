"""The RCV's export: a header line and semicolon lines, as text in a JSON list."""

from collections.abc import Iterable
from datetime import date, datetime

from simulator.clock import SANTIAGO
from simulator.portal.columns import PURCHASE_COLUMNS, SALE_COLUMNS
from simulator.truth import Document

# Columns that stay empty here, where the portal writes a text or an optional code.
_EMPTY = frozenset(
    {
        "Fecha Acuse Recibo",
        "RUT Emisor Liquid. Factura",
        "NCE o NDE sobre Fact. de Compra",
        "Numero Interno",
        "Codigo Sucursal",
    }
)


def export_lines(operation: str, state: str, documents: Iterable[Document]) -> list[str]:
    """Header and lines; a document's second further tax takes a line of its own."""
    columns = SALE_COLUMNS if operation == "VENTA" else PURCHASE_COLUMNS[state]
    values = _sale_values if operation == "VENTA" else _purchase_values
    lines = [";".join(columns)]
    for number, document in enumerate(documents, start=1):
        lines += [_line(columns, row) for row in values(number, document)]
    return lines


def spell_date(day: date | None) -> str:
    """A date as the portal writes it."""
    return day.strftime("%d/%m/%Y") if day else ""


def spell_time(moment: datetime | None) -> str:
    """An aware time as the portal writes it: America/Santiago, without its zone."""
    return moment.astimezone(SANTIAGO).strftime("%d/%m/%Y %H:%M:%S") if moment else ""


def _line(columns: list[str], row: dict[str, object]) -> str:
    # No quoting: cl-sii reads quotes inside a field as they are, and names have no semicolon.
    return ";".join(str(row.get(column, "" if column in _EMPTY else 0)) for column in columns)


def _purchase_values(number: int, document: Document) -> list[dict[str, object]]:
    amounts = document.amounts
    row: dict[str, object] = {
        "Nro": number,
        "Tipo Doc": document.doc_type,
        "Tipo Compra": "Del Giro",
        "RUT Proveedor": document.counterpart_rut,
        "Razon Social": document.counterpart_name,
        "Folio": document.folio,
        "Fecha Docto": spell_date(document.issue_date),
        "Fecha Recepcion": spell_time(document.reception_at),
        "Fecha Acuse": spell_time(document.ack_at),
        "Fecha Reclamo": spell_time(document.claim_at),
        "Monto Exento": amounts.exempt,
        "Monto Neto": amounts.net,
        "Monto IVA Recuperable": amounts.vat,
        "Monto Iva No Recuperable": amounts.vat_non_rec,
        "Codigo IVA No Rec.": amounts.vat_non_rec_code,
        "Monto Total": amounts.total,
    }
    taxes = [
        {
            "Codigo Otro Impuesto": tax.code,
            "Valor Otro Impuesto": tax.amount,
            "Tasa Otro Impuesto": tax.rate,
        }
        for tax in document.other_taxes
    ] or [dict.fromkeys(PURCHASE_COLUMNS["REGISTRO"][-3:], "")]
    same_document = ("Tipo Doc", "RUT Proveedor", "Folio")
    blank = dict.fromkeys(PURCHASE_COLUMNS["REGISTRO"], "") | {
        column: row[column] for column in same_document
    }
    return [row | taxes[0], *(blank | tax for tax in taxes[1:])]


def _sale_values(number: int, document: Document) -> list[dict[str, object]]:
    amounts = document.amounts
    reference = document.reference or ("", "")
    row: dict[str, object] = {
        "Nro": number,
        "Tipo Doc": document.doc_type,
        "Tipo Venta": "Del Giro",
        "Rut cliente": document.counterpart_rut,
        "Razon Social": document.counterpart_name,
        "Folio": document.folio,
        "Fecha Docto": spell_date(document.issue_date),
        "Fecha Recepcion": spell_time(document.reception_at),
        "Fecha Reclamo": "",
        "Monto Exento": amounts.exempt,
        "Monto Neto": amounts.net,
        "Monto IVA": amounts.vat,
        "Monto total": amounts.total,
        "Tipo Docto. Referencia": reference[0],
        "Folio Docto. Referencia": reference[1],
        "Num. Ident. Receptor Extranjero": document.foreign_id,
        "Nacionalidad Receptor Extranjero": document.foreign_country,
    }
    return [row | dict.fromkeys(SALE_COLUMNS[-3:], "")]
