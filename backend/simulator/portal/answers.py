"""JSON rows and envelopes of the RCV's facade."""

from typing import Any

from simulator.exports import FINISHED, Export
from simulator.portal.export import spell_date, spell_time
from simulator.truth import DailyBoletas, Document, Period, Summary
from simulator.truth.boletas import BOLETAS, VOUCHERS

TYPE_NAMES = {
    30: "Factura",
    33: "Factura Electrónica",
    34: "Factura no Afecta o Exenta Electrónica",
    39: "Boleta Electrónica",
    48: "Comprobante de Pago Electrónico",
    56: "Nota de Débito Electrónica",
    61: "Nota de Crédito Electrónica",
    110: "Factura de Exportación Electrónica",
    111: "Nota de Débito de Exportación Electrónica",
    112: "Nota de Crédito de Exportación Electrónica",
}
COUNTED_ONLY = frozenset({BOLETAS, VOUCHERS})
# The portal says "nothing here" with a code that is not 0; which one is not known for sure.
NO_DOCUMENTS = 99


def envelope(
    metadata: dict[str, Any], data: Any, code: int = 0, text: str = "", error: str = ""
) -> dict[str, Any]:
    """The facade's answer; `code` 0 means that all went well."""
    state = {"codRespuesta": code, "msgeRespuesta": text or None, "codError": error or None}
    return {"data": data, "metaData": metadata, "respEstado": state}


def summary_row(summary: Summary) -> dict[str, Any]:
    """One line of getResumen, amounts in pesos."""
    is_listed = summary.doc_type not in COUNTED_ONLY
    return {
        "rsmnTipoDocInteger": summary.doc_type,
        "dcvNombreTipoDoc": TYPE_NAMES[summary.doc_type],
        "dcvTipoIngresoDoc": "DET_ELE" if is_listed else "RESUMEN",
        "rsmnLink": is_listed,
        "rsmnTotDoc": summary.count,
        "rsmnMntExe": summary.exempt,
        "rsmnMntNeto": summary.net,
        "rsmnMntIVA": summary.vat,
        "rsmnMntIVANoRec": summary.vat_non_rec,
        "rsmnIVAUsoComun": 0,
        "rsmnMntTotal": summary.total,
        "rsmnEstadoContab": summary.accounting_state,
    }


def header(period: Period) -> dict[str, Any]:
    """The `dataCabecera` of getResumen."""
    return {
        "dcvPtributario": str(period),
        "dcvFecCreacion": spell_date(period.first_day),
        "dcvFecModificacion": spell_date(period.last_day),
    }


def detail_row(document: Document) -> dict[str, Any]:
    """One line of getDetalleCompra or getDetalleVenta; the type is null, as at the portal."""
    amounts = document.amounts
    body, dv = document.counterpart_rut.split("-")
    return {
        "detNroDoc": document.folio,
        "detTipoDoc": None,
        "detRutDoc": int(body),
        "detDvDoc": dv,
        "detRznSoc": document.counterpart_name,
        "detFchDoc": spell_date(document.issue_date),
        "detFecRecepcion": spell_time(document.reception_at),
        "detFecAcuse": spell_time(document.ack_at) or None,
        "detFecReclamado": spell_time(document.claim_at) or None,
        "detMntExe": amounts.exempt,
        "detMntNeto": amounts.net,
        "detMntIVA": amounts.vat,
        "detMntIVANoRec": amounts.vat_non_rec,
        "detMntCodNoRec": amounts.vat_non_rec_code or None,
        "detMntActFijo": 0,
        "detMntIVAActFijo": 0,
        "detIVAUsoComun": 0,
        "detMntSinCredito": 0,
        "detMntTotal": amounts.total,
        "detTipoTransaccion": 1,
        "detEventoReceptor": None,
        "detEventoReceptorLeyenda": None,
    }


def boletas_row(one: DailyBoletas) -> dict[str, int]:
    """One line of obtieneListaBoletasMes, amounts in pesos."""
    return {
        "dia": one.day.day,
        "montoNeto": one.net,
        "montoIva": one.vat,
        "montoExento": one.exempt,
        "montoTotal": one.total,
        "totalDocumentos": one.count,
    }


def control_row(export: Export) -> dict[str, Any]:
    """One line of getCtrlAsync; it does not say which state the documents are in."""
    is_finished = export.status == FINISHED
    asked_at = spell_time(export.asked_at)
    return {
        "caId": export.id,
        "caPeriodo": int(str(export.books.period)),
        "caTipoDoc": 0,
        "caProceso": f"RCV_{export.books.operation[0]}_DET",
        "caEstado": export.status,
        "caIdBLOB": export.blob if is_finished else "SIN-BLOB",
        "caNumLineas": export.documents if is_finished else 0,
        "caTmstCreado": asked_at,
        "caTmstTerminado": asked_at if is_finished else None,
        "caDescError": None,
    }
