"""The report of received boletas de honorarios: what its script may say, and what is refused."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.fees import Fee, FeesReading, FeeStatus
from app.domain.periods import Period
from app.errors import IncompleteAnswer, SessionExpired, UnexpectedAnswer
from app.infrastructure.sii.fees_report import parse_fees_page
from tests.unit.sii.exports import COMPANY

ROW = {
    "nroboleta": "135554",
    "rutemisor": "77100200",
    "dvemisor": "5",
    "nombre_emisor": "ROSA INVENTADA SOTO",
    "fecha_boleta": "25/09/2026",
    "totalhonorarios": "400000",
    "honorariosliquidos": "339000",
    "es_soc_profesional": "NO",
    "cod_comuna": "13101",
    "retencion_receptor": "61000",
    "estado": "N",
    "fechaanulacion": " ",
    "codigobarras": "771002005135554A051FC",
}
MONEY = ("totalhonorarios", "honorariosliquidos", "retencion_receptor")
FEE = Fee(
    issuer_rut="77100200-5",
    issuer_name="ROSA INVENTADA SOTO",
    folio=135_554,
    issue_date=date(2026, 9, 25),
    status_raw="N",
    annulled_on=None,
    gross=400_000,
    withheld=61_000,
    net=339_000,
)


def page(*rows: dict[str, str], **head: str | None) -> str:
    """Returns a page as the portal writes it; a head's value None leaves its line out."""
    body, check_digit = COMPANY.split("-")
    values: dict[str, str | None] = {
        "rut_arrastre": body, "dv_arrastre": check_digit, "anio_consulta": "2026",
        "total_boletas": str(len(rows)),
    }  # fmt: skip
    lines = [
        f"xml_values['{name}'] = \"{value}\";"
        for name, value in (values | head).items()
        if value is not None
    ]
    for number, row in enumerate(rows, start=1):
        for name, value in row.items():
            said = f"formatMiles(\"{value}\",'.')" if name in MONEY else f'"{value}"'
            lines.append(f"arr_informe_mensual['{name}_{number}']            =       {said};")
    script = "\n".join(["var arr_informe_mensual = new Array();", *lines])
    return f"<html><body>INFORME MENSUAL<script>\n{script}\n</script></body></html>"


def read(*rows: dict[str, str], **head: str | None) -> tuple[Fee, ...]:
    return parse_fees_page(page(*rows, **head), COMPANY).fees


def row(**changes: str) -> dict[str, str]:
    return ROW | changes


def test_a_row_is_read() -> None:
    found = parse_fees_page(page(ROW), COMPANY)
    assert (found.count, found.fees) == (1, (FEE,))


def test_a_month_without_any_is_an_answer() -> None:
    found = parse_fees_page(page(), COMPANY)
    assert (found.count, found.fees) == (0, ())


def test_rows_come_by_their_number_and_empty_ones_are_left_out() -> None:
    rows = [row(nroboleta=str(folio)) for folio in range(1, 13)]
    blank = dict.fromkeys(ROW, " ")
    assert [one.folio for one in read(*rows, blank)] == list(range(1, 13))


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("SOC. GARC&Iacute;A &amp; CIA; LTDA", "SOC. GARCÍA & CIA; LTDA"),
        ("D'ALESSANDRI  SOTO", "D'ALESSANDRI SOTO"),
        ("ÑUÑOA", "ÑUÑOA"),
        ("AÑO\x00NUEVO", "AÑONUEVO"),
        ("", ""),
    ],
)
def test_a_name_may_hold_entities_and_what_ends_a_value_elsewhere(written: str, name: str) -> None:
    assert read(row(nombre_emisor=written))[0].issuer_name == name


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8", "utf-8-sig"])
def test_bytes_are_read_in_the_encoding_that_they_are_in(encoding: str) -> None:
    content = page(row(nombre_emisor="PEÑA Y LILLO")).encode(encoding)
    assert parse_fees_page(content, COMPANY).fees[0].issuer_name == "PEÑA Y LILLO"


@pytest.mark.parametrize(
    ("written", "pesos"),
    [("25000", 25_000), ("25.000", 25_000), ("1.234.567", 1_234_567), ("0", 0), ("-5", -5),
     (" 7 ", 7), ("1" + "0" * 17, 10**17)],
)  # fmt: skip
def test_amounts_may_be_formatted_huge_or_negative(written: str, pesos: int) -> None:
    assert read(row(totalhonorarios=written))[0].gross == pesos


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"estado": "N"}, FeeStatus.CURRENT),
        ({"estado": "n "}, FeeStatus.CURRENT),
        ({"estado": "S"}, FeeStatus.ANNULLED),
        ({"estado": "A"}, FeeStatus.ANNULLED),
        ({"estado": "N", "fechaanulacion": "26/09/2026"}, FeeStatus.ANNULLED),
        ({"estado": "OBSERVADA"}, FeeStatus.UNKNOWN),
        ({"estado": ""}, FeeStatus.UNKNOWN),
    ],
)
def test_only_what_is_known_to_count_counts(changes: dict[str, str], status: FeeStatus) -> None:
    assert read(row(**changes))[0].status == status


def test_the_day_of_an_annulment_may_lack_its_line() -> None:
    bare = {name: value for name, value in ROW.items() if name != "fechaanulacion"}
    assert read(bare) == (FEE,)


@pytest.mark.parametrize(
    "changes",
    [
        {"nroboleta": ""},
        {"nroboleta": "0"},
        {"nroboleta": "x"},
        {"rutemisor": "77100201"},
        {"rutemisor": ""},
        {"dvemisor": ""},
        {"fecha_boleta": "2026-09-25"},
        {"fecha_boleta": ""},
        {"fecha_boleta": "31/09/2026"},
        {"fechaanulacion": "ayer"},
        {"totalhonorarios": ""},
        {"totalhonorarios": "1.5"},
        {"honorariosliquidos": "NaN"},
        {"retencion_receptor": "9" * 19},
    ],
)
def test_one_wrong_field_refuses_the_page_and_shows_no_value(changes: dict[str, str]) -> None:
    with pytest.raises(UnexpectedAnswer) as error:
        read(ROW, row(**changes))
    assert "INVENTADA" not in str(error.value)


OPTIONAL = {"fechaanulacion", "codigobarras", "es_soc_profesional", "cod_comuna"}


@pytest.mark.parametrize("name", sorted(ROW.keys() - OPTIONAL))
def test_a_field_that_lacks_refuses_the_page(name: str) -> None:
    with pytest.raises(UnexpectedAnswer):
        read({key: value for key, value in ROW.items() if key != name})


@pytest.mark.parametrize(
    "head",
    [
        {"total_boletas": "0"},  # fewer than there are
        {"total_boletas": "muchas"},
        {"total_boletas": None},
        {"rut_arrastre": None},
        {"dv_arrastre": "K"},
        {"rut_arrastre": "77100200", "dv_arrastre": "5"},  # a representative's own
    ],
)
def test_a_page_of_somebody_else_or_without_its_head_is_refused(head: dict[str, Any]) -> None:
    with pytest.raises(UnexpectedAnswer):
        read(ROW, **head)


@pytest.mark.parametrize("text", ["", "<html>jbweb</html>", "TMB020a: falta un dato", "{}"])
def test_what_is_no_report_is_refused(text: str) -> None:
    with pytest.raises(UnexpectedAnswer, match="something other"):
        parse_fees_page(text, COMPANY)


def test_the_login_page_in_its_place_is_an_expired_session() -> None:
    login = '<form id="myform" action="https://zeusr.sii.cl/cgi_AUT2000/CAutInicio.cgi">'
    with pytest.raises(SessionExpired):
        parse_fees_page(login, COMPANY)


def test_two_values_for_one_field_are_refused() -> None:
    twice = page(ROW).replace("</script>", "arr_informe_mensual['nroboleta_1'] = \"7\";</script>")
    with pytest.raises(UnexpectedAnswer):
        parse_fees_page(twice, COMPANY)


@given(st.text() | st.binary())
def test_anything_is_the_typed_error(content: str | bytes) -> None:
    with pytest.raises((UnexpectedAnswer, SessionExpired)):
        parse_fees_page(content, COMPANY)


@given(st.dictionaries(st.sampled_from(sorted(ROW)), st.text(max_size=20)), st.data())
def test_any_damage_leaves_storable_rows_or_the_typed_error(
    changes: dict[str, str], data: st.DataObject
) -> None:
    text = page(ROW, row(**(changes | {"nroboleta": "7"})), total_boletas="2")
    at = data.draw(st.integers(0, len(text)))
    noise = data.draw(st.text(max_size=8))
    try:
        found = parse_fees_page(text[:at] + noise + text[at + len(noise) :], COMPANY)
    except (UnexpectedAnswer, SessionExpired):
        return
    assert 0 <= found.count < 2**63
    for one in found.fees:
        assert 0 < one.folio < 2**63
        assert len(one.issuer_rut) <= 12
        assert b"\0" not in one.issuer_name.encode() + one.status_raw.encode()
        assert all(abs(amount) < 2**63 for amount in (one.gross, one.withheld, one.net))


@pytest.mark.parametrize(("count", "folios"), [(1, (1, 2)), (3, (1, 2)), (2, (1, 1)), (1, ())])
def test_a_month_is_whole_when_as_many_different_ones_came_as_siis_count(
    count: int, folios: tuple[int, ...]
) -> None:
    fees = tuple(Fee(**vars(FEE) | {"folio": folio}) for folio in folios)
    with pytest.raises(IncompleteAnswer):
        FeesReading(Period(2026, 9), count, fees).check_complete()
    FeesReading(Period(2026, 9), 1, (FEE,)).check_complete()
