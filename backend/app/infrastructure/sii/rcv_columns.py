"""What the columns of the RCV's exports are called, as public tools' code lists them."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.documents import AccountingState, Direction


@dataclass(frozen=True)
class ExportColumns:
    """What the columns of an RCV export are called that we read, and all that there are."""

    doc_type: str
    rut: str
    name: str
    folio: str
    issued: str
    received: str
    acknowledged: str
    claimed: str
    exempt: str
    net: str
    vat: str
    vat_non_recoverable: str | None
    total: str
    other_tax: tuple[str, str, str]  # code, amount, rate
    unread: tuple[str, ...]
    not_in: Mapping[AccountingState, tuple[str, ...]]  # columns that a state's export lacks

    def of(self, state: AccountingState) -> list[str]:
        """Returns the names of all columns of a state's export, in no order."""
        read = (
            self.doc_type, self.rut, self.name, self.folio, self.issued, self.received,
            self.acknowledged, self.claimed, self.exempt, self.net, self.vat,
            self.vat_non_recoverable, self.total, *self.other_tax,
        )  # fmt: skip
        lacking = self.not_in.get(state, ())
        return [name for name in (*read, *self.unread) if name and name not in lacking]


_TOBACCO = ("Tabacos Puros", "Tabacos Cigarrillos", "Tabacos Elaborados")
EXPORT_COLUMNS = {
    Direction.PURCHASE: ExportColumns(
        "Tipo Doc", "RUT Proveedor", "Razon Social", "Folio", "Fecha Docto", "Fecha Recepcion",
        "Fecha Acuse", "Fecha Reclamo", "Monto Exento", "Monto Neto", "Monto IVA Recuperable",
        "Monto Iva No Recuperable", "Monto Total",
        ("Codigo Otro Impuesto", "Valor Otro Impuesto", "Tasa Otro Impuesto"),
        unread=(
            "Nro", "Tipo Compra", "Codigo IVA No Rec.", "Monto Neto Activo Fijo",
            "IVA Activo Fijo", "IVA uso Comun", "Impto. Sin Derecho a Credito",
            "IVA No Retenido", *_TOBACCO, "NCE o NDE sobre Fact. de Compra",
        ),
        not_in={
            AccountingState.REGISTRO: ("Fecha Reclamo",),
            AccountingState.NO_INCLUIR: ("Fecha Reclamo", *_TOBACCO),
            AccountingState.RECLAMADO: ("Fecha Acuse", *_TOBACCO),
            AccountingState.PENDIENTE: ("Fecha Acuse", "Fecha Reclamo", *_TOBACCO),
        },
    ),
    Direction.SALE: ExportColumns(
        "Tipo Doc", "Rut cliente", "Razon Social", "Folio", "Fecha Docto", "Fecha Recepcion",
        "Fecha Acuse Recibo", "Fecha Reclamo", "Monto Exento", "Monto Neto", "Monto IVA",
        None, "Monto total", ("Codigo Otro Imp.", "Valor Otro Imp.", "Tasa Otro Imp."),
        unread=(
            "Nro", "Tipo Venta", "IVA Retenido Total", "IVA Retenido Parcial", "IVA no retenido",
            "IVA propio", "IVA Terceros", "RUT Emisor Liquid. Factura",
            "Neto Comision Liquid. Factura", "Exento Comision Liquid. Factura",
            "IVA Comision Liquid. Factura", "IVA fuera de plazo", "Tipo Docto. Referencia",
            "Folio Docto. Referencia", "Num. Ident. Receptor Extranjero",
            "Nacionalidad Receptor Extranjero", "Credito empresa constructora",
            "Impto. Zona Franca (Ley 18211)", "Garantia Dep. Envases",
            "Indicador Venta sin Costo", "Indicador Servicio Periodico", "Monto No facturable",
            "Total Monto Periodo", "Venta Pasajes Transporte Nacional",
            "Venta Pasajes Transporte Internacional", "Numero Interno", "Codigo Sucursal",
            "NCE o NDE sobre Fact. de Compra",
        ),
        not_in={},
    ),
}  # fmt: skip
