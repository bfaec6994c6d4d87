"""The export is what cl-sii reads, in all five kinds, and equals the truth."""

from datetime import UTC
from pathlib import Path

import pytest
from cl_sii.rcv.constants import RcEstadoContable, RcvKind
from cl_sii.rcv.parse_csv import get_rcv_csv_file_parser
from cl_sii.rut import Rut

from tests.unit.simulator.portal_client import PortalClient, export
from tests.unit.simulator.server import Admin

KINDS = [
    ("COMPRA", "REGISTRO", 27),
    ("COMPRA", "NO_INCLUIR", 24),
    ("COMPRA", "RECLAMADO", 24),
    ("COMPRA", "PENDIENTE", 23),
    ("VENTA", "REGISTRO", 43),
]


def parse(lines: list[str], rut: str, operation: str, state: str, directory: Path) -> list:
    path = directory / "export.csv"
    path.write_text("\r\n".join(lines) + "\r\n", encoding="utf-8", newline="")
    purchases = operation == "COMPRA"
    parser = get_rcv_csv_file_parser(
        RcvKind.COMPRAS if purchases else RcvKind.VENTAS,
        RcEstadoContable(state) if purchases else None,
    )
    rows = list(parser(Rut(rut), str(path), 0, None))
    assert [errors for *_, errors in rows if errors] == []
    return [entry for entry, *_ in rows]


@pytest.mark.parametrize(("operation", "state", "columns"), KINDS)
def test_cl_sii_reads_the_truth_out_of_every_kind_of_export(
    operation: str, state: str, columns: int, admin: Admin, portal: PortalClient, tmp_path: Path
) -> None:
    company = admin.company("A")
    method, data = export(company, operation, estadoContab=state)
    lines = portal.enter(company).bind().call(method, data).json()["data"]

    entries = parse(lines, company["rut"], operation, state, tmp_path)

    assert len(lines[0].split(";")) == columns
    direction = "purchase" if operation == "COMPRA" else "sale"
    expected = {
        (one["doc_type"], one["folio"], one["total"], one["reception_at"], len(one["other_taxes"]))
        for one in admin.get(f"truth/{company['rut']}", period="202610")["documents"]
        if (one["direction"], one["accounting_state"]) == (direction, state)
    }
    assert expected
    assert {
        (
            int(one.tipo_docto),
            one.folio,
            one.monto_total,
            one.fecha_recepcion_dt.astimezone(UTC).isoformat(),
            len(one.otros_impuestos or ()),
        )
        for one in entries
    } == expected


def test_the_export_of_an_exporter_is_readable_too(
    admin: Admin, portal: PortalClient, tmp_path: Path
) -> None:
    company = admin.company("D")
    method, data = export(company, "VENTA")
    lines = portal.enter(company).bind().call(method, data).json()["data"]
    entries = parse(lines, company["rut"], "VENTA", "REGISTRO", tmp_path)
    abroad = [one for one in entries if int(one.tipo_docto) in (110, 111, 112)]
    assert abroad
    assert all(one.num_ident_receptor_extranjero for one in abroad)


def test_a_second_further_tax_takes_a_line_of_its_own(admin: Admin, portal: PortalClient) -> None:
    company = admin.company("A")
    client = portal.enter(company).bind()
    header, *lines = client.call(*export(company)).json()["data"]
    numbered = [line for line in lines if line.split(";")[0]]
    assert len(lines) == len(numbered) + 1
    (further,) = set(lines) - set(numbered)
    row = dict(zip(header.split(";"), further.split(";"), strict=True))
    assert row["Monto Total"] == row["Fecha Recepcion"] == ""
    assert row["Codigo Otro Impuesto"] == "25"
