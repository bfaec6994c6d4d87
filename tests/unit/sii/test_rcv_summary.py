"""SII's own counts, and that nothing but the typed error comes out of anything else."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.documents import AccountingState, SummaryRow
from app.errors import UnexpectedAnswer
from app.infrastructure.sii.rcv_summary import parse_summary

STATE = AccountingState.REGISTRO


def row(**changes: Any) -> dict[str, Any]:
    values = {
        "rsmnTipoDocInteger": 33, "dcvTipoIngresoDoc": "DET_ELE", "rsmnTotDoc": 2,
        "rsmnMntExe": None, "rsmnMntNeto": 1000, "rsmnMntIVA": 190, "rsmnMntTotal": 1190,
    }  # fmt: skip
    return values | changes


def test_a_type_that_comes_twice_is_one_row() -> None:
    rows = [row(), row(dcvTipoIngresoDoc="RESUMEN", rsmnTotDoc="5", rsmnMntNeto=-1.0)]
    assert parse_summary(rows, STATE) == [SummaryRow(STATE, 33, 7, 2, 0, 999, 380, 2380)]


def test_types_that_nobody_knows_are_kept_and_empty_ones_are_not() -> None:
    rows = [row(rsmnTipoDocInteger="914"), row(rsmnTotDoc=0)]
    assert [one.doc_type for one in parse_summary(rows, STATE)] == [914]
    assert parse_summary(None, STATE) == parse_summary([], STATE) == []


@pytest.mark.parametrize(
    "data",
    [
        "", {}, 0, [None], [[]], ["rsmnTotDoc"], [row(rsmnTotDoc=-1)], [row(rsmnTotDoc=True)],
        [row(rsmnMntTotal=float("inf"))], [row(rsmnMntTotal=1.5)], [row(rsmnMntTotal="²")],
        [row(rsmnMntTotal=10**18)], [row(rsmnMntTotal=10**18 - 1)] * 2,
        [row(rsmnTipoDocInteger=40_000)], [{"rsmnTotDoc": 1}],
    ],
)  # fmt: skip
def test_what_is_no_summary_is_refused(data: object) -> None:
    with pytest.raises(UnexpectedAnswer):
        parse_summary(data, STATE)


cells = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers())
)


@given(st.lists(st.dictionaries(st.sampled_from(list(row())), cells).map(lambda c: row(**c))))
def test_any_summary_is_rows_that_can_be_stored_or_the_typed_error(data: list[Any]) -> None:
    try:
        rows = parse_summary(data, STATE)
    except UnexpectedAnswer:
        return
    for one in rows:
        assert 0 < one.doc_type < 2**15
        assert 0 < one.count < 2**63
        assert all(abs(amount) < 2**63 for amount in (one.exempt, one.net, one.vat, one.total))
