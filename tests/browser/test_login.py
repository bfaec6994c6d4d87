"""The login in a real Chromium, on pages that the simulator does not have."""

import logging
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from selenium.common.exceptions import NoAlertPresentException
from selenium.webdriver.support.expected_conditions import alert_is_present

from app import errors
from app.infrastructure.sii import login
from app.infrastructure.sii.login import _LoginPage, log_in
from tests.browser.login_pages import HOME, LOGIN, Answer, LoginPages, page, redirect, serving
from tests.waiting import wait_until

RUT, CLAVE = "76000001-9", "S3cretaInventada"
WRONG = "La Clave Tributaria ingresada no es correcta. El código es 01.01.203.500.720.{}"


@pytest.fixture
def pages() -> Iterator[LoginPages]:
    with serving(LoginPages()) as pages:
        yield pages


def test_the_form_is_sent_once_and_the_cookies_come_back(pages: LoginPages) -> None:
    pages.after = lambda: redirect(
        HOME, "TOKEN=abc; Path=/; HttpOnly", "TS01ab=infrastructure; Path=/"
    )
    cookies = {one["name"]: one["value"] for one in log_in(pages.addresses, RUT, CLAVE)}
    assert cookies == {"TOKEN": "abc", "TS01ab": "infrastructure"}
    assert pages.submitted == [{"rutcntr": ["760000019"], "clave": [CLAVE]}]
    assert pages.logouts == []


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (WRONG.format("20"), errors.InvalidCredentials),
        (WRONG.format("09"), errors.CredentialsBlocked),
        ("Usted ha superado el máximo de sesiones autenticadas", errors.TooManySessions),
        ("01.01.203.500.720.77", errors.UnexpectedAnswer),
    ],
)
def test_a_refusal_is_a_typed_error_after_one_try(
    pages: LoginPages, text: str, kind: type[errors.FiscalError], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    pages.after = lambda: page(f"<body>{text}</body>")
    with pytest.raises(errors.FiscalError) as refusal:
        log_in(pages.addresses, RUT, CLAVE)
    assert type(refusal.value) is kind
    assert len(pages.submitted) == 1
    assert CLAVE not in caplog.text + str(refusal.value)


def test_an_old_token_does_not_make_a_wrong_clave_look_right(pages: LoginPages) -> None:
    form = pages.form[2]
    pages.form = page(form, "TOKEN=old; Path=/", "QueueITAccepted-x=1; Path=/")
    pages.after = lambda: page(WRONG.format("20"))
    with pytest.raises(errors.InvalidCredentials):
        log_in(pages.addresses, RUT, CLAVE)


def test_leaving_the_form_without_a_token_is_no_login(pages: LoginPages) -> None:
    pages.after = lambda: redirect(HOME, "TOKEN=; Path=/")
    pages.home = lambda _: page("Hola") if pages.submitted else redirect(LOGIN)
    with pytest.raises(errors.UnexpectedAnswer, match="without giving a token"):
        log_in(pages.addresses, RUT, CLAVE)


def test_an_alert_of_the_page_is_read_and_closed(pages: LoginPages) -> None:
    pages.after = lambda: page(f"<script>alert({WRONG.format('20')!r})</script>")
    with pytest.raises(errors.InvalidCredentials):
        log_in(pages.addresses, RUT, CLAVE)


def test_an_alert_that_comes_while_the_page_is_read_is_heeded(
    pages: LoginPages, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = _LoginPage._text

    def interrupted(self: _LoginPage, selector: str) -> str:
        self._driver.execute_script("setTimeout(alert, 0, arguments[0])", WRONG.format("20"))
        wait_until(lambda: bool(alert_is_present()(self._driver)), what="the alert")
        return read(self, selector)

    monkeypatch.setattr(_LoginPage, "_text", interrupted)
    pages.after = lambda: page("")
    with pytest.raises(errors.InvalidCredentials):
        log_in(pages.addresses, RUT, CLAVE)


def test_what_the_form_itself_objects_to_is_no_wrong_clave(pages: LoginPages) -> None:
    body = pages.form[2].replace(
        'onsubmit="return true"',
        "onsubmit=\"alert_placeholder.innerText='RUT no válido';return false\"",
    )
    pages.form = page(body)
    with pytest.raises(errors.UnexpectedAnswer, match="form refuses"):
        log_in(pages.addresses, RUT, CLAVE)
    assert pages.submitted == []


def test_a_button_under_an_overlay_still_sends_the_form(pages: LoginPages) -> None:
    overlay = '<div style="position:fixed;inset:0;z-index:9">Aviso</div>'
    pages.form = page(pages.form[2] + overlay)
    assert log_in(pages.addresses, RUT, CLAVE)
    assert len(pages.submitted) == 1


def test_a_form_that_comes_late_is_waited_for(pages: LoginPages) -> None:
    late = f"<body><script>setTimeout(()=>document.body.innerHTML={pages.form[2]!r},1500)</script>"
    pages.form = page(late)
    assert log_in(pages.addresses, RUT, CLAVE)


@pytest.mark.parametrize("where", ["before", "after"])
def test_maintenance_is_an_outage(pages: LoginPages, where: str) -> None:
    away = redirect("/ayudas/900.html")
    if where == "before":
        pages.home = lambda _: away
    else:
        pages.after = lambda: away
    with pytest.raises(errors.SiiUnavailable, match="maintenance"):
        log_in(pages.addresses, RUT, CLAVE)


def test_a_page_without_a_form_is_an_outage(
    pages: LoginPages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(login, "FORM_TIMEOUT", 2)
    pages.form = page("503", status=503)
    with pytest.raises(errors.SiiUnavailable):
        log_in(pages.addresses, RUT, CLAVE)


def test_an_unknown_answer_is_permanent_because_the_clave_was_sent(
    pages: LoginPages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(login, "ANSWER_TIMEOUT", 2)
    pages.after = lambda: page("Cambie su clave")
    with pytest.raises(errors.UnexpectedAnswer):
        log_in(pages.addresses, RUT, CLAVE)


def test_an_answer_lost_with_the_driver_is_permanent_because_the_clave_was_sent(
    pages: LoginPages,
) -> None:
    def kill_the_driver() -> Answer:
        for stat in Path("/proc").glob("[0-9]*/stat"):
            pid, name, _, parent, *_ = stat.read_text().split()
            if name == "(chromedriver)" and int(parent) == os.getpid():
                os.kill(int(pid), signal.SIGKILL)
        return page("")

    pages.after = kill_the_driver
    with pytest.raises(errors.UnexpectedAnswer, match="after it was sent"):
        log_in(pages.addresses, RUT, CLAVE)


def test_a_portal_that_is_not_there_is_an_outage() -> None:
    with serving(LoginPages()) as pages:
        addresses = pages.addresses
    with pytest.raises(errors.SiiUnavailable):
        log_in(addresses, RUT, CLAVE)


def test_a_session_that_opened_although_the_login_failed_is_closed(
    pages: LoginPages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(login, "ANSWER_TIMEOUT", 2)
    pages.after = lambda: page("¿?", "TOKEN=half; Path=/")
    with pytest.raises(errors.UnexpectedAnswer):
        log_in(pages.addresses, RUT, CLAVE)
    assert len(pages.logouts) == 1
    assert "TOKEN=half" in pages.logouts[0]


def test_a_page_that_changes_between_two_questions_is_judged_once(pages: LoginPages) -> None:
    """Seen in CI: the form's address at the first question, maintenance at the next, was "in"."""
    addresses = iter([f"{pages.addresses.auth}/form", f"{pages.addresses.auth}/ayudas/900.html"])

    class Driver(SimpleNamespace):
        current_url = property(lambda _: next(addresses))

        @property
        def switch_to(self) -> None:
            raise NoAlertPresentException

    driver: Any = Driver(find_elements=lambda *_: [])
    with pytest.raises(errors.SiiUnavailable, match="maintenance"):
        login._LoginPage(driver, pages.addresses)._await_answer()
