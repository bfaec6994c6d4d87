"""Credit notes subtract in sums, and a difference says on which side the books have more."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.document_totals import CREDIT_NOTES, Totals, TypeTotals, sum_of

AMOUNTS = st.integers(-(10**12), 10**12)
TOTALS = st.builds(Totals, st.integers(0, 10**6), AMOUNTS, AMOUNTS, AMOUNTS, AMOUNTS)
INVOICES = Totals(3, 0, 300, 57, 357)
CREDITS = Totals(1, 10, 100, 19, 129)


@pytest.mark.parametrize("credit_note", [60, 61, 106, 112])
def test_a_credit_note_counts_and_its_amounts_subtract(credit_note: int) -> None:
    types = [TypeTotals(33, INVOICES, INVOICES), TypeTotals(credit_note, CREDITS, Totals())]
    found = sum_of(types, was_read=True)
    assert found.documents == Totals(4, -10, 200, 38, 228)
    assert found.summary == INVOICES
    assert found.difference == Totals(1, -10, -100, -19, -129)


def test_no_other_type_subtracts() -> None:
    assert sorted(CREDIT_NOTES) == [60, 61, 106, 112]
    assert Totals(1, 1, 1, 1, 1).signed(56) == Totals(1, 1, 1, 1, 1)


def test_what_sii_does_not_list_is_in_no_difference() -> None:
    boletas = TypeTotals(35, Totals(), Totals(9, 0, 900, 171, 1071), is_comparable=False)
    assert boletas.difference is None
    found = sum_of([boletas, TypeTotals(33, INVOICES, INVOICES)], was_read=True)
    assert found.difference == Totals()
    assert found.summary == Totals(12, 0, 1200, 228, 1428)


def test_a_register_that_was_never_read_has_no_difference() -> None:
    found = sum_of([TypeTotals(33, INVOICES, None)], was_read=False)
    assert (found.documents, found.summary, found.difference) == (INVOICES, None, None)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.sampled_from([30, 33, 34, 56, 60, 61, 112]), TOTALS, TOTALS)))
def test_the_difference_of_sums_is_the_sum_of_differences(
    rows: list[tuple[int, Totals, Totals]],
) -> None:
    found = sum_of([TypeTotals(*row) for row in rows], was_read=True)
    assert found.summary is not None
    assert found.difference == found.documents - found.summary
