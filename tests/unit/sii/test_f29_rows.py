"""Rows of the F29 lists: what is understood, and that nothing but the typed error comes out."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.f29 import F29Listed, F29Status, status_of
from app.domain.periods import Period
from app.domain.ruts import canonical_rut
from app.errors import UnexpectedAnswer
from app.infrastructure.sii.f29_rows import parse_date, parse_period, parse_pesos, parse_row

B = ["Ene 2025", "8123456789", "76.000.001-9", "12/02/2025", "Vigente", "Detalle Formulario"]
MONTHS = ("Ene", "Feb", "Mar", "Abr", "May", "Jun", "Jul", "Ago", "Sep", "Oct", "Nov", "Dic")


def test_a_row_of_each_list() -> None:
    expected = F29Listed(
        8123456789, Period(2025, 1), "76000001-9", date(2025, 2, 12), "Vigente", None
    )
    assert parse_row(B, "B") == expected
    in_a = parse_row([*B[:5], "$ 1.234.567", "Ver"], "A")
    assert (in_a.amount, in_a.folio) == (1_234_567, 8123456789)


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        ("Vigente", F29Status.CURRENT),
        (" VIGENTE ", F29Status.CURRENT),
        ("Rectificado", F29Status.RECTIFIED),
        ("Anulada", F29Status.ANNULLED),
        ("En Revisión", F29Status.UNKNOWN),
        ("No Vigente", F29Status.UNKNOWN),
    ],
)
def test_only_a_known_word_is_a_known_status(raw: str, status: F29Status) -> None:
    assert status_of(raw) is status


@given(st.integers(2005, 2099), st.integers(1, 12))
def test_a_period_is_read_in_every_spelling(year: int, month: int) -> None:
    word = MONTHS[month - 1]
    spellings = [
        f"{word} {year}",
        f"{word.upper()}-{year}",
        f"{month:02d}/{year}",
        f"{month}-{year}",
    ]
    for text in (*spellings, f"{year}{month:02d}", f"{year}-{month:02d}"):
        assert parse_period(text) == Period(year, month)


@given(st.integers(-(10**14), 10**14))
def test_pesos_are_read_with_and_without_dots(amount: int) -> None:
    dotted = f"{amount:,}".replace(",", ".")
    for text in (str(amount), dotted, f"$ {dotted}", f"$\xa0{dotted}", f"${dotted}"):
        assert parse_pesos(text) == amount


@given(st.dates(date(1990, 1, 1), date(2099, 12, 31)))
def test_a_date_is_read_in_every_spelling(day: date) -> None:
    for text in (f"{day:%d/%m/%Y}", f"{day:%d-%m-%Y}", f" {day:%d/%m/%Y} 10:31:07"):
        assert parse_date(text) == day


@given(
    st.lists(st.one_of(st.text(max_size=20), st.sampled_from(B)), max_size=9),
    st.sampled_from(["A", "B"]),
)
def test_any_row_is_a_return_or_the_typed_error(cells: list[str], variant: str) -> None:
    try:
        listed = parse_row(cells, variant)
    except UnexpectedAnswer:
        return
    assert canonical_rut(listed.rut) == listed.rut
    assert listed.status_raw
    assert listed.folio >= 0


@pytest.mark.parametrize(
    ("place", "text"),
    [
        (0, "Enero"), (0, "Xyz 2025"), (0, "13/2025"), (0, ""), (1, "81A"), (1, ""), (1, "9" * 16),
        (2, "76000001-8"), (2, ""), (3, "31/02/2025"), (3, ""), (4, " "),
    ],
)  # fmt: skip
def test_a_cell_that_nobody_understands_is_refused(place: int, text: str) -> None:
    with pytest.raises(UnexpectedAnswer):
        parse_row([*B[:place], text, *B[place + 1 :]], "B")


@pytest.mark.parametrize("text", ["1,5", "1.23", "12.3456", "USD 3", "٣"])
def test_an_amount_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UnexpectedAnswer):
        parse_pesos(text)
