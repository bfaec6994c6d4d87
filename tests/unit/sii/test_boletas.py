"""Boletas per day as SII and careless clients write them; anything else is the typed error."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.boletas import BoletasOfDay, BoletasReading
from app.domain.periods import Period
from app.errors import IncompleteAnswer, UnexpectedAnswer
from app.infrastructure.sii.boletas import parse_boletas
from tests.unit.sii.registers import boletas, counted

NOVEMBER = Period(2026, 11)


def row(**changes: Any) -> dict[str, Any]:
    values = {
        "dia": 5, "montoNeto": 10_000, "montoIva": 1900, "montoExento": 0, "montoTotal": 11_900,
        "totalDocumentos": 10,
    }  # fmt: skip
    return values | changes


def read(*rows: Any) -> list[BoletasOfDay]:
    return parse_boletas({"boletas": list(rows)}, NOVEMBER, 39)


@pytest.mark.parametrize("day", [5, 5.0, "5", "05", " 5 ", "05/11/2026", "5-11-2026"])
def test_a_day_is_read_however_it_is_written(day: Any) -> None:
    assert read(row(dia=day)) == [boletas(5, NOVEMBER)]


def test_days_come_by_date_and_those_without_boletas_are_left_out() -> None:
    days = read(row(dia=7), row(dia=6, totalDocumentos=0), row(dia=5))
    assert [one.day for one in days] == [date(2026, 11, 5), date(2026, 11, 7)]


def test_nulls_and_texts_among_the_rows_are_passed_over() -> None:
    assert read(None, row(), "", "sin datos") == [boletas(5, NOVEMBER)]


@pytest.mark.parametrize("data", [None, {"boletas": None}, {"boletas": []}])
def test_no_boletas_is_an_answer(data: Any) -> None:
    assert parse_boletas(data, NOVEMBER, 39) == []


def test_amounts_may_be_texts_or_lack_and_be_huge_or_negative() -> None:
    (day,) = read(row(montoNeto="10000", montoIva=None, montoExento=-5, montoTotal=10**17))
    assert (day.net, day.vat, day.exempt, day.total) == (10_000, 0, -5, 10**17)


@pytest.mark.parametrize(
    "rows",
    [
        [row(dia=31)],
        [row(dia=0)],
        [row(dia=None)],
        [row(dia=10**17)],
        [row(dia="05/10/2026")],
        [row(dia="hoy")],
        [row(dia="²")],
        [row(totalDocumentos=-1)],
        [row(totalDocumentos=None)],
        [row(montoTotal=1.5)],
        [row(montoTotal=10**18)],
        [row(), row(dia="05")],
        [{"dia": 5}],
        [[]],
        [7],
    ],
)
def test_one_wrong_row_is_a_typed_error_without_its_values(rows: list[Any]) -> None:
    with pytest.raises(UnexpectedAnswer) as error:
        read(row(dia=1), *rows)
    assert "10/2026" not in str(error.value)


@pytest.mark.parametrize("data", [[], "x", 7, {}, {"boletas": 7}, {"boletas": {"dia": 1}}])
def test_another_form_is_a_typed_error(data: Any) -> None:
    with pytest.raises(UnexpectedAnswer):
        parse_boletas(data, NOVEMBER, 39)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)
ROWS = st.fixed_dictionaries({name: VALUES | st.integers(0, 40) for name in row()})


@given(st.none() | st.text() | VALUES | st.fixed_dictionaries({"boletas": st.lists(ROWS | VALUES)}))
def test_anything_is_storable_days_or_the_typed_error(data: Any) -> None:
    try:
        days = parse_boletas(data, NOVEMBER, 39)
    except UnexpectedAnswer:
        return
    assert len({one.day for one in days}) == len(days)
    for one in days:
        assert (one.day.year, one.day.month) == (2026, 11)
        assert 0 < one.count < 2**63
        assert all(abs(each) < 2**63 for each in (one.exempt, one.net, one.vat, one.total))


@given(st.lists(st.integers(1, 30), min_size=1, unique=True), st.integers(1, 10**6))
def test_days_are_whole_when_they_have_as_many_boletas_as_the_sales_count(
    numbers: list[int], count: int
) -> None:
    days = tuple(boletas(day, NOVEMBER, count=count) for day in numbers)
    BoletasReading(NOVEMBER, days, counted(*days)).check_complete()
    for lacking in (
        BoletasReading(NOVEMBER, days[1:], counted(*days)),
        BoletasReading(NOVEMBER, days, counted(*days, more=1)),
        BoletasReading(NOVEMBER, days, ()),
    ):
        with pytest.raises(IncompleteAnswer):
            lacking.check_complete()
