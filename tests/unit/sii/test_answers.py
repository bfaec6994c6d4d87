"""What the portal's messages and addresses mean."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app import errors
from app.infrastructure.sii import answers, values

WRONG = (
    "La Clave Tributaria ingresada no es correcta, verifique que su teclado no está con opción"
    ' "mayúsculas" e inténtelo nuevamente. El código de este mensaje es 01.01.{}.500.720.{}'
)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (WRONG.format(203, 20), errors.InvalidCredentials),
        (WRONG.format(217, 20), errors.InvalidCredentials),
        (WRONG.format(225, 55), errors.InvalidCredentials),
        (WRONG.format(203, "09"), errors.CredentialsBlocked),  # the code decides, not the words
        (WRONG.format(203, 19), errors.CredentialsBlocked),
        ("01.01.190.500.720.27", errors.TooManySessions),
        ("01.01.190.500.720.28", errors.SessionExpired),
        ("01.01.190.500.720.29", errors.SessionExpired),
        ("01.01.190.500.720.33", errors.InvalidCredentials),
        ("01.01.190.500.720.39", errors.InvalidCredentials),
        ("01.01.190.500.720.05", errors.SiiUnavailable),
        ("01.01.190.500.720.88", errors.UnexpectedAnswer),
        ("La Clave Tributaria ingresada\n no es correcta.", errors.InvalidCredentials),
        ("Usted ha superado el máximo de sesiones autenticadas", errors.TooManySessions),
        ("Su clave se encuentra bloqueada", errors.CredentialsBlocked),
    ],
)
def test_a_login_message_becomes_its_error(text: str, kind: type[errors.FiscalError]) -> None:
    assert type(answers.refusal(text)) is kind


def test_a_page_without_a_message_refuses_nothing() -> None:
    assert answers.refusal("Bienvenida al SII. Ingrese su RUT y su clave.") is None


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("https://www.sii.cl/ayudas/900.html", errors.SiiUnavailable),
        ("https://sii.queue-it.net/?c=sii", errors.SiiUnavailable),
        ("https://zeusr.sii.cl/AUT2000/InicioAutenticacion/x.html", errors.SessionExpired),
        ("https://x.cl/IngresoRutClave.html?https://www4.sii.cl", errors.SessionExpired),
    ],
)
def test_a_detour_becomes_its_error(address: str, kind: type[errors.FiscalError]) -> None:
    assert type(answers.detour(address)) is kind


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, errors.SessionExpired),
        (403, errors.SessionExpired),
        (404, errors.UnexpectedAnswer),
        (429, errors.RateLimited),
        (500, errors.SiiUnavailable),
        (503, errors.SiiUnavailable),
    ],
)
def test_a_failed_status_becomes_its_error(status: int, kind: type[errors.FiscalError]) -> None:
    assert type(answers.failed_status(status, None)) is kind


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1"])
def test_a_text_is_read_in_every_encoding_that_the_portal_has(encoding: str) -> None:
    assert values.decoded("Viñedos Ñuñoa".encode(encoding)) == "Viñedos Ñuñoa"


def test_success_is_no_error() -> None:
    assert answers.failed_status(200, None) is None


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("90", 90), (" 90 ", 90), (None, None), ("Wed, 1 Jan", None), ("-5", None), ("²", None),
        ("9" * 5000, answers.LONGEST_WAIT),
    ],
)  # fmt: skip
def test_sii_may_say_how_long_to_wait(header: str | None, seconds: int | None) -> None:
    limited = answers.failed_status(429, header)
    assert isinstance(limited, errors.RateLimited)
    assert limited.retry_after == seconds


@given(st.text(), st.integers(0, 999), st.none() | st.text())
@example("01.01.203.500.720." + "2" * 5000, 429, "²")
def test_anything_is_an_error_of_ours_or_none(text: str, status: int, header: str | None) -> None:
    for error in (
        answers.refusal(text),
        answers.refusal(f"01.01.203.500.720.{text}"),
        answers.detour(text),
        answers.failed_status(status, header),
    ):
        assert error is None or isinstance(error, errors.FiscalError)


def test_a_long_code_is_not_taken_for_a_short_one() -> None:
    for code in ("200000", "120", "2" * 5000):
        error = answers.refusal(f"01.01.203.500.720.{code}")
        assert isinstance(error, errors.UnexpectedAnswer)
    assert isinstance(answers.refusal("01.01.203.500.720.0020"), errors.InvalidCredentials)
