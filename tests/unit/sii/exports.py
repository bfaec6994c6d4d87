"""Exports as the RCV sends them: a header line, and a line per row. All names are invented."""

from app.domain.documents import AccountingState, Direction

_SHARED = (
    "Nro;Tipo Doc;Tipo Compra;RUT Proveedor;Razon Social;Folio;Fecha Docto;Fecha Recepcion;{mark}"
    "Monto Exento;Monto Neto;Monto IVA Recuperable;Monto Iva No Recuperable;Codigo IVA No Rec.;"
    "Monto Total;Monto Neto Activo Fijo;IVA Activo Fijo;IVA uso Comun;"
    "Impto. Sin Derecho a Credito;IVA No Retenido;{tobacco}NCE o NDE sobre Fact. de Compra;"
    "Codigo Otro Impuesto;Valor Otro Impuesto;Tasa Otro Impuesto"
)
_SALES = (
    "Nro;Tipo Doc;Tipo Venta;Rut cliente;Razon Social;Folio;Fecha Docto;Fecha Recepcion;"
    "Fecha Acuse Recibo;Fecha Reclamo;Monto Exento;Monto Neto;Monto IVA;Monto total;"
    "IVA Retenido Total;IVA Retenido Parcial;IVA no retenido;IVA propio;IVA Terceros;"
    "RUT Emisor Liquid. Factura;Neto Comision Liquid. Factura;Exento Comision Liquid. Factura;"
    "IVA Comision Liquid. Factura;IVA fuera de plazo;Tipo Docto. Referencia;"
    "Folio Docto. Referencia;Num. Ident. Receptor Extranjero;Nacionalidad Receptor Extranjero;"
    "Credito empresa constructora;Impto. Zona Franca (Ley 18211);Garantia Dep. Envases;"
    "Indicador Venta sin Costo;Indicador Servicio Periodico;Monto No facturable;"
    "Total Monto Periodo;Venta Pasajes Transporte Nacional;Venta Pasajes Transporte Internacional;"
    "Numero Interno;Codigo Sucursal;NCE o NDE sobre Fact. de Compra;Codigo Otro Imp.;"
    "Valor Otro Imp.;Tasa Otro Imp."
)
_TOBACCO = "Tabacos Puros;Tabacos Cigarrillos;Tabacos Elaborados;"
_MARKS = {
    AccountingState.REGISTRO: ("Fecha Acuse;", _TOBACCO),
    AccountingState.NO_INCLUIR: ("Fecha Acuse;", ""),
    AccountingState.RECLAMADO: ("Fecha Reclamo;", ""),
    AccountingState.PENDIENTE: ("", ""),
}

COMPANY = "76000001-9"
SUPPLIER = "77100200-5"
OTHER_SUPPLIER = "78300400-3"


def header(direction: Direction, state: AccountingState = AccountingState.REGISTRO) -> str:
    if direction == Direction.SALE:
        return _SALES
    mark, tobacco = _MARKS[state]
    return _SHARED.format(mark=mark, tobacco=tobacco)


def purchase(state: AccountingState = AccountingState.REGISTRO, **changes: str) -> str:
    """Returns the line of an invoice of 1190 pesos; `changes` by column, spaces as underscores."""
    values = {
        "Nro": "1",
        "Tipo Doc": "33",
        "Tipo Compra": "Del Giro",
        "RUT Proveedor": SUPPLIER,
        "Razon Social": "Comercial Inventada SpA",
        "Folio": "100",
        "Fecha Docto": "05/11/2026",
        "Fecha Recepcion": "06/11/2026 10:20:30",
        "Monto Exento": "0",
        "Monto Neto": "1000",
        "Monto IVA Recuperable": "190",
        "Monto Total": "1190",
    }
    return _line(header(Direction.PURCHASE, state), values, changes)


def further_tax(code: str, amount: str, rate: str, **changes: str) -> str:
    """Returns a line that carries nothing but one more tax of the document above it."""
    values = {
        "Tipo Doc": "33",
        "RUT Proveedor": SUPPLIER,
        "Folio": "100",
        "Codigo Otro Impuesto": code,
        "Valor Otro Impuesto": amount,
        "Tasa Otro Impuesto": rate,
    }
    return _line(header(Direction.PURCHASE), values, changes)


def sale(**changes: str) -> str:
    """Returns the line of a sale of 1190 pesos."""
    values = {
        "Nro": "1",
        "Tipo Doc": "33",
        "Tipo Venta": "Del Giro",
        "Rut cliente": SUPPLIER,
        "Razon Social": "Cliente Inventado Ltda.",
        "Folio": "500",
        "Fecha Docto": "05/11/2026",
        "Fecha Recepcion": "05/11/2026 10:20:30",
        "Monto Exento": "0",
        "Monto Neto": "1000",
        "Monto IVA": "190",
        "Monto total": "1190",
    }
    return _line(header(Direction.SALE), values, changes)


def _line(names: str, values: dict[str, str], changes: dict[str, str]) -> str:
    values = values | {name.replace("_", " "): value for name, value in changes.items()}
    columns = names.split(";")
    assert values.keys() <= set(columns), values.keys() - set(columns)
    return ";".join(values.get(column, "") for column in columns)
