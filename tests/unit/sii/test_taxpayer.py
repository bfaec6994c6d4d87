"""What the home page says of the taxpayer, and what of it is kept."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.identity import rut_of_taxpayer
from app.errors import UnexpectedAnswer
from app.infrastructure.sii.taxpayer import parse_taxpayer

TAXPAYER = {"rut": "76000001", "dv": "9", "razonSocial": "Panadería SpA", "nombres": None}


def page(value: object) -> str:
    return f"<html><script>var DatosCntrNow = {json.dumps(value)};</script></html>"


def test_the_taxpayer_is_read_and_nothing_that_may_belong_to_the_session() -> None:
    found = parse_taxpayer(page({"contribuyente": TAXPAYER, "direcciones": [], "token": "abc"}))
    assert found == {"contribuyente": TAXPAYER, "direcciones": []}
    assert rut_of_taxpayer(found) == "76000001-9"


def test_what_postgres_does_not_take_is_left_out() -> None:
    (kept,) = parse_taxpayer(page({"alertas": "a\0b"})).values()
    assert kept == "ab"


@pytest.mark.parametrize(
    "text",
    ["<html></html>", "var DatosCntrNow = {a: 1};", "DatosCntrNow = {", "DatosCntrNow=null;",
     page({"alertas": "x" * 70_000}), page({"contribuyente": ["76000001-9"]}),
     'DatosCntrNow = {"alertas": 1e400};', 'DatosCntrNow = {"alertas": NaN};',
     page({"alertas": json.loads("[" * 30 + "]" * 30)}), "DatosCntrNow = " + '{"a":' * 100_000],
)  # fmt: skip
def test_a_page_of_another_form_is_an_unexpected_answer(text: str) -> None:
    with pytest.raises(UnexpectedAnswer):
        parse_taxpayer(text)


@pytest.mark.parametrize(
    "data", [{}, {"contribuyente": None}, {"contribuyente": {"rut": "76000001", "dv": "8"}}]
)
def test_a_taxpayer_without_a_true_rut_is_nobody(data: dict[str, object]) -> None:
    assert rut_of_taxpayer(data) is None


def test_a_page_in_latin_1_or_with_a_bom_is_read() -> None:
    text = page({"alertas": []}).replace("[]", '"Año Ñuñoa"')
    for content in (text.encode("latin-1"), b"\xef\xbb\xbf" + text.encode()):
        assert parse_taxpayer(content) == {"alertas": "Año Ñuñoa"}


def test_a_backslash_before_u0000_is_no_nul() -> None:
    text = "C:\\u0000\\x"
    assert parse_taxpayer(page({"alertas": text})) == {"alertas": text}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)


@given(
    st.dictionaries(
        st.sampled_from(["contribuyente", "direcciones", "alertas", "token"]), json_values
    )
    | st.text()
)
def test_any_page_is_storable_facts_or_the_typed_error(value: object) -> None:
    try:
        found = parse_taxpayer(page(value))
    except UnexpectedAnswer:
        return
    assert "token" not in found
    stored = json.dumps(found, allow_nan=False, ensure_ascii=False)
    assert "\\u0000" not in json.dumps(found)
    assert stored.encode()
