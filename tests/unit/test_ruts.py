import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.ruts import canonical_rut
from app.errors import InvalidInput


def check_digit(body: int) -> str:
    """Modulus 11 with the weights 2 to 7, counted here once more."""
    total = sum(int(digit) * (2 + place % 6) for place, digit in enumerate(reversed(str(body))))
    return "0123456789K0"[11 - total % 11] if total % 11 else "0"


@given(st.integers(70_000_000, 99_999_999))
def test_every_spelling_becomes_the_canonical_one(body: int) -> None:
    digit = check_digit(body)
    canonical = f"{body}-{digit}"
    dotted = f"{body:,}".replace(",", ".")
    for spelling in (canonical, canonical.lower(), f"{dotted}-{digit}", f" {body}{digit}\n"):
        assert canonical_rut(spelling) == canonical


@given(st.integers(70_000_000, 99_999_999), st.sampled_from("0123456789K"))
def test_a_wrong_check_digit_is_refused(body: int, digit: str) -> None:
    if digit != check_digit(body):
        with pytest.raises(InvalidInput, match="check digit"):
            canonical_rut(f"{body}-{digit}")


@pytest.mark.parametrize(
    "text",
    ["", "-", "9", "abc", "77.12.3456-9", "7712345699-9", "123456789-2", "٧٧١٢٣٤٥٦-9", "1-9;"],
)
def test_what_is_no_rut_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="no RUT"):
        canonical_rut(text)
