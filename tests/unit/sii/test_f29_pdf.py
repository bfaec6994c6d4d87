"""A file is a return's PDF only if it opens and shows that return's folio, RUT and period."""

import hashlib
from datetime import date
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfWriter

from app.domain.f29 import arithmetic_faults
from app.domain.periods import Period
from app.errors import PdfUnusable
from app.infrastructure.sii.f29_pdf import check_pdf, parse_codes
from simulator.portal.f29_pdf import broken, compact_form
from simulator.truth import seeded_companies
from simulator.truth.f29 import Form, forms_of

FORMS = [
    form for company in seeded_companies(7) if company.kind in "ACDE"
    for form in forms_of(7, company, date(2026, 11, 20))[-3:]
]  # fmt: skip
FORM = FORMS[0]
PDF = compact_form(FORM)


def check(content: bytes, form: Form = FORM, **changes: Any) -> Any:
    period = Period(form.period.year, form.period.month)
    asked = {"folio": form.folio, "rut": form.company.rut.canonical, "period": period} | changes
    return check_pdf(content, **asked)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: f"{form.company.kind}-{form.period}")
def test_a_good_pdf_gives_its_codes_and_they_add_up(form: Form) -> None:
    content = compact_form(form)
    pdf = check(content, form)
    assert pdf.sha256 == hashlib.sha256(content).hexdigest()
    assert pdf.pages >= 1
    assert pdf.codes == {str(code): value for code, value in form.codes.items()}
    assert arithmetic_faults(pdf.codes) == []


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("pdf_corrupt", "cannot be read"),
        ("pdf_truncated", "cannot be read"),
        ("pdf_html", "other than a PDF"),
        ("pdf_wrong_folio", "this form's folio"),
    ],
)
def test_what_a_broken_portal_sends_is_refused(fault: str, sentence: str) -> None:
    with pytest.raises(PdfUnusable, match=sentence):
        check(broken(fault, FORM, PDF))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"folio": FORM.folio // 10}, "folio"),  # the first digits of the right one
        ({"rut": "76000001-9"}, "RUT"),
        ({"period": Period(2019, 1)}, "period"),
    ],
)
def test_another_returns_pdf_is_refused(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(PdfUnusable, match=sentence):
        check(PDF, **changes)


def test_a_pdf_without_pages_or_text_is_refused() -> None:
    empty, blank = BytesIO(), BytesIO()
    PdfWriter().write(empty)
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    writer.write(blank)
    for content in (empty.getvalue(), blank.getvalue(), b"", b"%PDF-1.7"):
        with pytest.raises(PdfUnusable):
            check(content)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(PDF) - 1), st.binary(min_size=1, max_size=40))
def test_any_damage_leaves_the_right_pdf_or_the_typed_error(at: int, noise: bytes) -> None:
    damaged = PDF[:at] + noise + PDF[at + len(noise) :]
    try:
        pdf = check(damaged)
    except PdfUnusable:
        return
    assert pdf.content == damaged


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300))
def test_any_text_gives_integers_by_code(text: str) -> None:
    for code, amount in parse_codes(text).items():
        assert str(int(code)) == code
        assert isinstance(amount, int)


@given(st.dictionaries(st.integers(20, 799), st.integers(-(10**12), 10**12), max_size=12))
def test_codes_are_read_one_or_two_a_line(amounts: dict[int, int]) -> None:
    amounts.pop(115, None)
    amounts.pop(314, None)
    amounts.pop(315, None)
    parts = [
        f"{code} GLOSA ART. 74 DE ELLA {f'{value:,}'.replace(',', '.')}"
        for code, value in amounts.items()
    ]
    expected = {str(code): amounts[code] for code in sorted(amounts)}
    pairs = [" ".join(parts[place : place + 2]) for place in range(0, len(parts), 2)]
    assert parse_codes("\n".join(parts)) == expected
    assert parse_codes("\n".join(pairs)) == expected


def test_rates_and_days_are_no_amounts() -> None:
    text = "115 TASA PPM 1,0\n315 FECHA DE PRESENTACION 12/11/2026\n01 Razon Social Uno 2\n"
    assert parse_codes(text) == {}
