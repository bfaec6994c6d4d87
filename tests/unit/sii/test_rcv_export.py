"""The RCV's export as documents; cl-sii's own reading of the same lines would lose some."""

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
    return parse_export(data, exports.COMPANY, Period(2026, 11), Direction.PURCHASE, state)


def sales(*lines: str) -> list[RegisterDocument]:
    data = [exports.header(Direction.SALE), *lines]
    return parse_export(data, exports.COMPANY, Period(2026, 11), Direction.SALE, REGISTRO)


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
        read = parse_export(data, exports.COMPANY, Period(2026, 11), Direction.SALE, REGISTRO)
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
        pytest.param([exports.header(Direction.PURCHASE)[4:]], id="a column missing, no rows"),
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
            [exports.header(Direction.PURCHASE), exports.purchase(Tipo_Doc="999")],
            id="an unknown type",
        ),
    ],
)
def test_an_export_that_is_not_as_agreed_is_refused_as_a_whole(data: object) -> None:
    with pytest.raises(UnexpectedAnswer):
        parse_export(data, exports.COMPANY, Period(2026, 11), Direction.PURCHASE, REGISTRO)


def test_a_refusal_names_the_column_but_none_of_the_books() -> None:
    with pytest.raises(UnexpectedAnswer) as refusal:
        purchases(exports.purchase(Monto_Total="mucho"))
    assert "Monto Total" in refusal.value.message
    assert "mucho" not in refusal.value.message
