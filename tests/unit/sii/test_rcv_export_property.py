"""Exports in any writing: harmless ones change nothing, cl-sii agrees, others are refused."""

from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cl_sii.rcv.constants import RcEstadoContable, RcvKind
from cl_sii.rcv.parse_csv import get_rcv_csv_file_parser
from cl_sii.rut import Rut
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.documents import AccountingState, Direction, RegisterDocument
from app.domain.periods import Period
from app.errors import UnexpectedAnswer
from app.infrastructure.sii.rcv_export import parse_export
from tests.unit.sii import exports

PERIOD = Period(2026, 11)
REGISTRO = AccountingState.REGISTRO
HEADER = exports.header(Direction.PURCHASE)

names = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters='";\x7f'))
names = names.filter(lambda name: name == name.strip() and name.isprintable() and name != "")
amounts = st.integers(-(10**12), 10**12).map(str)
documents = st.lists(
    st.builds(
        lambda folio, rut, kind, name, net, total, day: exports.purchase(
            Folio=str(folio), RUT_Proveedor=rut, Tipo_Doc=kind, Razon_Social=name,
            Monto_Neto=net, Monto_Total=total, Fecha_Docto=day.strftime("%d/%m/%Y"),
        ),
        st.integers(1, 10**9), st.sampled_from([exports.SUPPLIER, exports.OTHER_SUPPLIER]),
        st.sampled_from(["33", "34", "61"]), names, amounts, amounts,
        st.dates(date(1990, 1, 1), date(2099, 12, 31)),
    ),
    max_size=5, unique_by=lambda line: tuple(line.split(";")[place] for place in (1, 3, 5)),
)  # fmt: skip


def read(data: Any, state: AccountingState = REGISTRO) -> list[RegisterDocument]:
    return parse_export(data, PERIOD, Direction.PURCHASE, state)


@given(
    documents,
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["", ";", ";;"]),
    st.sampled_from(["utf-8", "utf-8-sig", "latin-1"]),
)
def test_how_it_is_written_changes_nothing(
    lines: list[str], end: str, separator: str, encoding: str
) -> None:
    expected = read([HEADER, *lines])
    text = end.join(line + separator for line in [HEADER, *lines]) + end
    assert len(expected) == len(lines)
    assert read(text) == read("\ufeff" + text) == expected
    assert read([line + end for line in text.split(end)]) == expected
    # As long as a text of latin-1 is not UTF-8 by chance, which takes two odd letters in a row.
    content = text.encode(encoding)
    if encoding != "latin-1" or "�" in content.decode(errors="replace") or text.isascii():
        assert read(content) == expected


@settings(max_examples=30, deadline=None)
@given(documents)
def test_cl_sii_reads_the_same_where_no_folio_comes_twice(lines: list[str]) -> None:
    unique = {(cells := line.split(";"))[1] + "/" + cells[5]: line for line in lines}
    with TemporaryDirectory() as directory:
        file = Path(directory) / "export.csv"
        file.write_text("\r\n".join([HEADER, *unique.values(), ""]), newline="")
        parse = get_rcv_csv_file_parser(RcvKind.COMPRAS, RcEstadoContable.REGISTRO)
        entries = [entry for entry, *_ in parse(Rut(exports.COMPANY), str(file), 0, None)]
    assert [
        (
            one.doc_type, one.folio, one.counterpart_rut, one.counterpart_name, one.issue_date,
            one.reception_at, one.net, one.vat, one.total,
        )
        for one in read([HEADER, *unique.values()])
    ] == [
        (
            int(entry.tipo_docto), entry.folio, entry.proveedor_rut.canonical,
            entry.proveedor_razon_social, entry.fecha_emision_date, entry.fecha_recepcion_dt,
            entry.monto_neto, entry.monto_iva_recuperable, entry.monto_total,
        )
        for entry in entries
    ]  # fmt: skip


@given(
    st.none() | st.text() | st.binary() | st.lists(st.text()) | st.integers(),
    st.sampled_from(list(AccountingState)),
)
def test_anything_is_documents_or_the_typed_error(data: Any, state: AccountingState) -> None:
    try:
        found = read(data, state)
    except UnexpectedAnswer:
        return
    assert found == []


@given(documents, st.data())
def test_any_damage_leaves_storable_documents_or_the_typed_error(
    lines: list[str], data: st.DataObject
) -> None:
    text = "\n".join([HEADER, *lines])
    at = data.draw(st.integers(0, len(text)))
    noise = data.draw(st.text(max_size=8))
    try:
        found = read(text[:at] + noise + text[at + len(noise) :])
    except UnexpectedAnswer:
        return
    for one in found:
        assert 0 < one.doc_type < 2**15
        assert one.counterpart_name.encode().find(b"\0") < 0
        assert all(abs(amount) < 2**63 for amount in (one.folio, one.net, one.vat, one.total))
