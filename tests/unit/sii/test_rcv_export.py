"""The RCV's export as documents, whatever wrote it down."""

from datetime import UTC, date, datetime

import pytest

from app.domain.documents import AccountingState, Direction, OtherTax, RegisterDocument
from app.domain.periods import Period
from app.errors import UnexpectedAnswer
from app.infrastructure.sii.rcv_export import parse_export
from tests.unit.sii import exports

REGISTRO = AccountingState.REGISTRO


def purchases(*lines: str, state: AccountingState = REGISTRO) -> list[RegisterDocument]:
    data = [exports.header(Direction.PURCHASE, state), *lines]
    return parse_export(data, Period(2026, 11), Direction.PURCHASE, state)


def sales(*lines: str) -> list[RegisterDocument]:
    data = [exports.header(Direction.SALE), *lines]
    return parse_export(data, Period(2026, 11), Direction.SALE, REGISTRO)


def test_a_purchase_is_read_field_by_field() -> None:
    line = exports.purchase(
        Fecha_Acuse="07/11/2026 08:00:00", Monto_Exento="10", Monto_Total="1200"
    )
    assert purchases(line) == [
        RegisterDocument(
            direction=Direction.PURCHASE,
            doc_type=33,
            folio=100,
            counterpart_rut=exports.SUPPLIER,
            counterpart_name="Comercial Inventada SpA",
            issue_date=date(2026, 11, 5),
            # Chile is three hours behind UTC in November.
            reception_at=datetime(2026, 11, 6, 13, 20, 30, tzinfo=UTC),
            acknowledged_at=datetime(2026, 11, 7, 11, 0, tzinfo=UTC),
            claimed_at=None,
            period="2026-11",
            accounting_state=REGISTRO,
            exempt=10,
            net=1000,
            vat=190,
            vat_non_recoverable=0,
            total=1200,
        )
    ]


@pytest.mark.parametrize("state", list(AccountingState))
def test_each_accounting_state_has_its_own_columns(state: AccountingState) -> None:
    (document,) = purchases(exports.purchase(state), state=state)
    assert (document.accounting_state, document.total) == (state, 1190)


def test_a_claimed_purchase_keeps_the_time_of_the_claim() -> None:
    state = AccountingState.RECLAMADO
    line = exports.purchase(state, Fecha_Reclamo="08/11/2026 09:00:00")
    (document,) = purchases(line, state=state)
    assert document.claimed_at == datetime(2026, 11, 8, 12, 0, tzinfo=UTC)


def test_the_same_folio_and_type_of_two_suppliers_are_two_documents() -> None:
    read = purchases(
        exports.purchase(),
        exports.purchase(RUT_Proveedor=exports.OTHER_SUPPLIER, Monto_Total="2380"),
        exports.purchase(Folio="101"),
    )
    assert {(one.counterpart_rut, one.folio, one.total) for one in read} == {
        (exports.SUPPLIER, 100, 1190),
        (exports.OTHER_SUPPLIER, 100, 2380),
        (exports.SUPPLIER, 101, 1190),
    }


def test_further_taxes_stay_with_their_own_document() -> None:
    other = {"RUT_Proveedor": exports.OTHER_SUPPLIER}
    read = purchases(
        exports.purchase(
            Codigo_Otro_Impuesto="27", Valor_Otro_Impuesto="100", Tasa_Otro_Impuesto="10"
        ),
        exports.further_tax("25", "205", "20.5"),
        exports.purchase(**other),
        exports.further_tax("24", "315", "31.5", **other),
    )
    taxes = {one.counterpart_rut: one.other_taxes for one in read}
    assert taxes[exports.SUPPLIER] == (OtherTax("27", 100, "10"), OtherTax("25", 205, "20.5"))
    assert OtherTax("24", 315, "31.5") in taxes[exports.OTHER_SUPPLIER]
    assert len(read) == 2


def test_vat_that_cannot_be_recovered_is_kept_apart() -> None:
    line = exports.purchase(
        Monto_IVA_Recuperable="", Monto_Iva_No_Recuperable="190", **{"Codigo IVA No Rec.": "1"}
    )
    (document,) = purchases(line)
    assert (document.vat, document.vat_non_recoverable) == (0, 190)


def test_credit_notes_stay_positive_as_sii_gives_them() -> None:
    assert purchases(exports.purchase(Tipo_Doc="61"))[0].total == 1190


def test_names_with_quotes_and_accents_come_through() -> None:
    name = 'Ferretería "El Roble" Ñuñoa & Hijos Ltda.'
    assert purchases(exports.purchase(Razon_Social=name))[0].counterpart_name == name


def test_rows_that_end_with_a_semicolon_are_read() -> None:
    assert len(purchases(exports.purchase() + ";", "")) == 1


def test_a_sale_is_read_with_empty_amounts_as_zero() -> None:
    (document,) = sales(exports.sale(Monto_Exento="", Monto_Neto="", Monto_IVA=""))
    assert (document.direction, document.counterpart_rut) == (Direction.SALE, exports.SUPPLIER)
    assert (document.exempt, document.net, document.vat, document.total) == (0, 0, 0, 1190)


def test_no_lines_are_no_documents() -> None:
    assert purchases() == []
    for data in ([], None, [""]):
        read = parse_export(data, Period(2026, 11), Direction.SALE, REGISTRO)
        assert read == []


@pytest.mark.parametrize(
    "data",
    [
        pytest.param("Nro;Tipo Doc", id="text instead of lines"),
        pytest.param([1, 2], id="numbers instead of lines"),
        pytest.param(["Nro;Tipo Doc;Folio", "1;33;5"], id="other columns"),
        pytest.param(
            [exports.header(Direction.PURCHASE, AccountingState.PENDIENTE), "x"],
            id="the columns of another state",
        ),
        pytest.param(
            ["Nro" + exports.header(Direction.PURCHASE)[12:]], id="no column of types, no rows"
        ),
        pytest.param([exports.header(Direction.PURCHASE), "1;33;Del Giro"], id="a cut row"),
        pytest.param(
            [exports.header(Direction.PURCHASE), exports.purchase() + ";9"], id="long row"
        ),
        pytest.param(
            [exports.header(Direction.PURCHASE), exports.purchase(), exports.purchase(Nro="2")],
            id="a document twice",
        ),
        pytest.param(
            [exports.header(Direction.PURCHASE), exports.further_tax("27", "1", "10")],
            id="a further tax without its document",
        ),
        pytest.param(
            [exports.header(Direction.PURCHASE), exports.purchase(Monto_Total="mucho")],
            id="a word for an amount",
        ),
        pytest.param(
            [exports.header(Direction.PURCHASE), exports.purchase(Fecha_Docto="2026-11-05")],
            id="another date format",
        ),
        pytest.param(
            [exports.header(Direction.PURCHASE), exports.purchase(RUT_Proveedor="nadie")],
            id="a word for a RUT",
        ),
        pytest.param(
            [exports.header(Direction.PURCHASE), exports.purchase(Tipo_Doc="40000")],
            id="a type that is none",
        ),
        pytest.param(
            [exports.header(Direction.PURCHASE), exports.purchase(RUT_Proveedor="")],
            id="a purchase from nobody",
        ),
        pytest.param(
            [exports.header(Direction.PURCHASE), exports.purchase(Monto_Neto="9" * 30)],
            id="more pesos than there are",
        ),
        pytest.param(
            [exports.header(Direction.PURCHASE), exports.purchase(Monto_Total="²")],
            id="a digit that is none",
        ),
        pytest.param(
            [exports.header(Direction.PURCHASE), exports.purchase(Fecha_Docto="31/12/9999")],
            id="a day that no clock shows",
        ),
        pytest.param(
            [exports.header(Direction.PURCHASE).replace("Monto Neto;", "Neto;")],
            id="a column under another name",
        ),
        pytest.param(
            [exports.header(Direction.PURCHASE).replace("Fecha Acuse", "Fecha Acuse Recibo")],
            id="a column under another name that is not needed",
        ),
    ],
)
def test_an_export_that_is_not_as_agreed_is_refused_as_a_whole(data: object) -> None:
    with pytest.raises(UnexpectedAnswer):
        parse_export(data, Period(2026, 11), Direction.PURCHASE, REGISTRO)


def test_a_refusal_names_the_column_but_none_of_the_books() -> None:
    with pytest.raises(UnexpectedAnswer) as refusal:
        purchases(exports.purchase(Monto_Total="mucho"))
    assert "Monto Total" in refusal.value.message
    assert "mucho" not in refusal.value.message


def without(column: str, *lines: str) -> list[str]:
    """Returns a header and its lines without one column."""
    at = lines[0].split(";").index(column)
    cells = [line.split(";") for line in lines]
    return [";".join(one[:at] + one[at + 1 :]) for one in cells]


def read(data: object) -> list[RegisterDocument]:
    return parse_export(data, Period(2026, 11), Direction.PURCHASE, REGISTRO)


def test_one_column_that_is_not_needed_may_be_missing() -> None:
    lines = [exports.header(Direction.PURCHASE), exports.purchase()]
    for column in ("Nro", "Fecha Acuse", "Tabacos Puros", "Razon Social"):
        (document,) = read(without(column, *lines))
        assert (document.total, document.acknowledged_at) == (1190, None)
    with pytest.raises(UnexpectedAnswer):
        read(without("Tabacos Puros", *without("Nro", *lines)))
    for column in ("Monto Neto", "RUT Proveedor", "Valor Otro Impuesto", "Folio"):
        with pytest.raises(UnexpectedAnswer):
            read(without(column, *lines))


def test_a_column_may_have_been_added() -> None:
    header, line = exports.header(Direction.PURCHASE), exports.purchase()
    assert read([f"Nueva;{header};Otra", f"x;{line};y"]) == read([header, line])


def test_types_that_nobody_knows_and_days_outside_the_period_are_kept() -> None:
    (document,) = purchases(exports.purchase(Tipo_Doc="914", Fecha_Docto="31/12/2019"))
    assert (document.doc_type, document.issue_date) == (914, date(2019, 12, 31))


def test_negative_and_huge_amounts_are_kept() -> None:
    line = exports.purchase(Monto_Neto="-1000", Monto_Total="999999999999999999")
    (document,) = purchases(line)
    assert (document.net, document.total) == (-1000, 10**18 - 1)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ('"Uno; Dos y Cía."', "Uno; Dos y Cía."),
        ('"Uno ""y"" Dos"', 'Uno "y" Dos'),
        ('"El Roble" Ltda.', '"El Roble" Ltda.'),
        ('"Sin cerrar', '"Sin cerrar'),
        ("Con NUL\0", "Con NUL"),
        ("Media \ud800letra", "Media letra"),
    ],
)
def test_names_with_quotes_and_separators(written: str, name: str) -> None:
    assert purchases(exports.purchase(Razon_Social=written))[0].counterpart_name == name


def test_a_sale_may_be_to_nobody() -> None:
    assert sales(exports.sale(Rut_cliente=""))[0].counterpart_rut == ""
