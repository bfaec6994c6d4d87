"""Reads and judges what a client asks the facade: wrong in one detail, refused in words."""

from dataclasses import dataclass
from typing import Any

from cl_sii.rut import Rut

from simulator.sessions import Session
from simulator.truth import Period

NAMESPACE = "cl.sii.sdi.lob.diii.consdcv.data.api.interfaces.FacadeService/"
# A literal of the page's script, no secret.
RECAPTCHA_TOKEN = "t-o-k-e-n-web"  # noqa: S105
RECAPTCHA_ACTIONS = {
    "getDetalleCompra": ("RCV_DETC",),
    "getDetalleVenta": ("RCV_DETV",),
    "getDetalleCompraExport": ("RCV_DETC", "RCV_DDETC"),
    "getDetalleVentaExport": ("RCV_DETV", "RCV_DDETV"),
    # Public clients send an action and the placeholder, or neither.
    "getCtrlAsync": ("RCV_DDETCA", "RCV_DDETVA", ""),
}
LARGE = "getCtrlAsync"
PURCHASE_STATES = ("REGISTRO", "PENDIENTE", "NO_INCLUIR", "RECLAMADO")
SALE_STATES = ("REGISTRO", "")
RCV_START = Period(2017, 8)

Data = dict[str, Any]


class Refusal(Exception):
    """The facade's answer with a codRespuesta other than 0."""

    def __init__(self, code: int, text: str, error: str) -> None:
        super().__init__(text)
        self.code, self.text, self.error = code, text, error


@dataclass(frozen=True)
class Query:
    """A valid question about one company's month."""

    rut: Rut
    period: Period
    operation: str  # COMPRA, VENTA
    state: str
    doc_type: int  # 0: all


def check_envelope(namespace: str, method: str, metadata: Data, session: Session) -> None:
    """Judge namespace, conversationId and transactionId; raises Refusal."""
    if metadata.get("namespace") != namespace + method:
        raise Refusal(2, f"El namespace no corresponde a {method}", "NAMESPACE")
    if metadata.get("conversationId") != session.token:
        raise Refusal(1, "El token no es valido: NO Existen Datos", "TOKEN")
    if not metadata.get("transactionId"):
        raise Refusal(2, "Falta transactionId", "TRANSACCION")


def read_query(method: str, data: Data, session: Session, current: Period) -> Query:
    """Judge the data of getResumen and of the details; raises Refusal."""
    operation = data.get("operacion")
    if operation not in ("COMPRA", "VENTA") or not method.startswith(_methods_of(operation)):
        raise Refusal(6, "operacion no valida", "OPERACION")
    state = data.get("estadoContab")
    if state not in (SALE_STATES if operation == "VENTA" else PURCHASE_STATES):
        raise Refusal(6, "estadoContab no valido para la operacion", "ESTADO")
    _check_call(method, data)
    return Query(
        rut=authorised_rut(data.get("rutEmisor"), data.get("dvEmisor"), session),
        period=read_period(data.get("ptributario"), current),
        operation=operation,
        state=state or "REGISTRO",
        doc_type=_doc_type(method, data),
    )


def _methods_of(operation: str) -> tuple[str, ...]:
    return ("getResumen", LARGE, f"getDetalle{operation.capitalize()}")


def _check_call(method: str, data: Data) -> None:
    if method == "getResumen":
        if data.get("busquedaInicial") is not True:
            raise Refusal(6, "busquedaInicial debe ser true", "BUSQUEDA")
        return
    if data.get("accionRecaptcha") not in RECAPTCHA_ACTIONS[method]:
        raise Refusal(4, "accionRecaptcha no valida", "RECAPTCHA")
    tokens = (RECAPTCHA_TOKEN, "") if method == LARGE else (RECAPTCHA_TOKEN,)
    if data.get("tokenRecaptcha") not in tokens:
        raise Refusal(4, "tokenRecaptcha no valido", "RECAPTCHA")
    if method == LARGE and (not isinstance(data.get("generaCtrl"), bool) or "totDoc" not in data):
        raise Refusal(6, "generaCtrl o totDoc no valido", "CONTROL")


def authorised_rut(body: Any, check_digit: Any, session: Session) -> Rut:
    """The company that is named, if the session may ask for it; raises Refusal."""
    asked = f"{body}-{check_digit}"
    for company in session.account.companies:
        if company.rut.canonical == asked:
            return company.rut
    raise Refusal(3, "El RUT no esta autorizado para el usuario autenticado", "AUTORIZACION")


def read_period(value: Any, current: Period) -> Period:
    """A month that has a register by now; raises Refusal."""
    try:
        period = Period.parse(str(value))
    except ValueError as error:
        raise Refusal(5, "periodo no valido", "PERIODO") from error
    if not RCV_START <= period <= current:
        raise Refusal(5, "periodo fuera de rango", "PERIODO")
    return period


def _doc_type(method: str, data: Data) -> int:
    if method == "getResumen":
        return 0
    try:
        doc_type = int(data.get("codTipoDoc", ""))
    except (ValueError, TypeError) as error:
        raise Refusal(6, "codTipoDoc no valido", "TIPO") from error
    if doc_type == 0 and not method.endswith(("Export", LARGE)):
        raise Refusal(6, "codTipoDoc 0 solo es valido para descargar", "TIPO")
    return doc_type
