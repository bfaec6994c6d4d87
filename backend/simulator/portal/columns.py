"""Header lines of the RCV's export: the columns and their order, as cl-sii reads them."""

_BEFORE = "Nro;Tipo Doc;Tipo Compra;RUT Proveedor;Razon Social;Folio;Fecha Docto;Fecha Recepcion"
_AMOUNTS = (
    "Monto Exento;Monto Neto;Monto IVA Recuperable;Monto Iva No Recuperable;"
    "Codigo IVA No Rec.;Monto Total;Monto Neto Activo Fijo;IVA Activo Fijo;IVA uso Comun;"
    "Impto. Sin Derecho a Credito;IVA No Retenido"
)
_TOBACCO = "Tabacos Puros;Tabacos Cigarrillos;Tabacos Elaborados"
_AFTER = (
    "NCE o NDE sobre Fact. de Compra;Codigo Otro Impuesto;Valor Otro Impuesto;Tasa Otro Impuesto"
)

PURCHASE_COLUMNS = {
    "REGISTRO": f"{_BEFORE};Fecha Acuse;{_AMOUNTS};{_TOBACCO};{_AFTER}".split(";"),
    "NO_INCLUIR": f"{_BEFORE};Fecha Acuse;{_AMOUNTS};{_AFTER}".split(";"),
    "RECLAMADO": f"{_BEFORE};Fecha Reclamo;{_AMOUNTS};{_AFTER}".split(";"),
    "PENDIENTE": f"{_BEFORE};{_AMOUNTS};{_AFTER}".split(";"),
}
_SALE = (
    "Nro;Tipo Doc;Tipo Venta;Rut cliente;Razon Social;Folio;Fecha Docto;Fecha Recepcion;"
    "Fecha Acuse Recibo;Fecha Reclamo;Monto Exento;Monto Neto;Monto IVA;Monto total;"
    "IVA Retenido Total;IVA Retenido Parcial;IVA no retenido;IVA propio;IVA Terceros;"
    "RUT Emisor Liquid. Factura;Neto Comision Liquid. Factura;Exento Comision Liquid. Factura;"
    "IVA Comision Liquid. Factura;IVA fuera de plazo;Tipo Docto. Referencia;"
    "Folio Docto. Referencia;Num. Ident. Receptor Extranjero;Nacionalidad Receptor Extranjero;"
    "Credito empresa constructora;Impto. Zona Franca (Ley 18211);Garantia Dep. Envases;"
    "Indicador Venta sin Costo;Indicador Servicio Periodico;Monto No facturable;"
    "Total Monto Periodo;Venta Pasajes Transporte Nacional;"
    "Venta Pasajes Transporte Internacional;Numero Interno;Codigo Sucursal;"
    "NCE o NDE sobre Fact. de Compra;Codigo Otro Imp.;Valor Otro Imp.;Tasa Otro Imp."
)
SALE_COLUMNS = _SALE.split(";")
