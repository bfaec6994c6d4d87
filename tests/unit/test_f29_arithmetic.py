"""The form's own sums: a mismatch is named, and only codes that are there are judged."""

from hypothesis import given
from hypothesis import strategies as st

from app.domain.f29 import arithmetic_faults

GOOD = {
    "502": 1000, "510": 200, "538": 800, "520": 300, "504": 100, "537": 400, "89": 400, "77": 0,
    "62": 50, "151": 30, "595": 480, "547": 480, "91": 480, "92": 5, "93": 15, "94": 500,
}  # fmt: skip


def test_a_form_that_adds_up_has_no_faults() -> None:
    assert arithmetic_faults(GOOD) == []


def test_each_wrong_code_is_named_with_what_it_should_be() -> None:
    faults = arithmetic_faults(GOOD | {"89": 401, "94": 1})
    assert faults == [
        "Code 89 is 401, its parts come to 400.",
        "Code 94 is 1, its parts come to 500.",
        "Code 595 is 480, its parts come to 481.",
    ]


def test_more_credit_than_debit_is_a_remainder() -> None:
    assert arithmetic_faults({"538": 100, "537": 350, "89": 0, "77": 250}) == []


def test_nothing_is_judged_that_is_not_there() -> None:
    assert arithmetic_faults({}) == []
    assert arithmetic_faults({"502": 10, "520": 3}) == []


@given(st.sampled_from(["538", "537", "89", "77", "595", "547", "91", "94"]), st.integers(1))
def test_a_changed_total_never_passes(code: str, change: int) -> None:
    assert arithmetic_faults(GOOD | {code: GOOD[code] + change})
