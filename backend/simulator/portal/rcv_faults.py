"""What the RCV's facade answers wrongly on demand, under a status and a form that are right."""

from typing import Any

from simulator.exports import FINISHED, IN_PROCESS
from simulator.portal.answers import envelope, summary_row
from simulator.truth.book import Summary

Answer = dict[str, Any]


def spoilt(kind: str, method: str, answer: Answer) -> Answer:
    """A method's answer under a fault; the answer itself where the fault is of another one."""
    is_export = method.endswith("Export")
    if kind == "recaptcha_required" and method.startswith("getDetalle"):
        text = "Debe completar la verificacion reCAPTCHA"
        return envelope(answer["metaData"], None, 4, text, "RECAPTCHA")
    if kind == "resumen_mismatch" and method == "getResumen":
        return _with_one_more(answer)
    if kind == "csv_bad_header" and is_export and answer["data"]:
        return answer | {"data": renamed_column(answer["data"])}
    if kind == "export_pending" and method == "getCtrlAsync":
        return answer | {"data": [_unfinished(row) for row in answer["data"]]}
    return answer


def renamed_column(lines: list[str]) -> list[str]:
    """An export one of whose columns has another name."""
    header, *rows = lines
    return [header.replace("Tipo Doc;", "Tipo Documento;", 1), *rows]


def _unfinished(row: dict[str, Any]) -> dict[str, Any]:
    if row["caEstado"] != FINISHED:
        return row
    unknown = {"caNumLineas": 0, "caTmstTerminado": None}
    return row | {"caEstado": IN_PROCESS, "caIdBLOB": "SIN-BLOB"} | unknown


def _with_one_more(answer: Answer) -> Answer:
    """A summary that counts one document more than there is."""
    first, *others = answer["data"] or [summary_row(Summary("", "REGISTRO", 33, 0, 0, 0, 0, 0, 0))]
    counted = first | {"rsmnTotDoc": first["rsmnTotDoc"] + 1}
    total = answer["totDocRes"] + 1
    return envelope(answer["metaData"], [counted, *others]) | {
        "totDocRes": total,
        "dataCabecera": answer["dataCabecera"],
    }
