"""F29 with a real Chromium against the simulator's process: what is stored is what the portal
has, whichever list it shows; and the portal is left as it was found."""

from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest

from app import errors
from app.infrastructure.db.models import F29Form
from app.infrastructure.sii import f29_list
from app.infrastructure.sii.portal import SiiPortal
from tests.browser.test_against_simulator import seed
from tests.simulator import Simulator
from tests.unit.sii.books import Books
from tests.unit.sii.forms import fetch, files, stored
from tests.unit.sii.forms import sync as sync_year

LIST = "/www4/rfiInternet/rectificarF29"
PDF = "/www4/rfiInternet/formCompacto"
SHOWN = ("folio", "cod_int", "year", "month", "status")

sync = partial(sync_year, year=2026)


def row(form: F29Form) -> dict[str, Any]:
    return {name: getattr(form, name) for name in SHOWN} | {
        "submitted_on": form.submitted_on.isoformat()
    }


def true(simulator: Simulator, rut: str, year: int = 2026) -> list[dict[str, Any]]:
    return [
        {name: one[name] for name in (*SHOWN, "submitted_on")} for one in simulator.f29(rut, year)
    ]


def untouched(simulator: Simulator) -> None:
    """Asserts that nothing was clicked that must not be, and no session was left."""
    state = simulator.state()
    assert (state["open_sessions"], state["violations"]) == ({}, [])


@pytest.mark.parametrize("variant", ["B", "A"])
@pytest.mark.parametrize("key", ["E", "C", "F1", "F2"])
def test_what_is_stored_is_what_either_list_shows(
    books: Books, portal: SiiPortal, simulator: Simulator, key: str, variant: str
) -> None:
    if variant == "A":
        simulator.fail(LIST, "old_f29_list")
    company, rut = seed(books, simulator, key)
    result = sync(books, portal, company)
    assert [row(form) for form in stored(books)] == true(simulator, rut)
    assert result["new"] == result["forms_synced"] == len(stored(books)) >= 10
    amounts = [one["amount"] if variant == "A" else None for one in simulator.f29(rut, 2026)]
    assert [form.amount for form in stored(books)] == amounts
    untouched(simulator)
    assert PDF not in str(simulator.state()["requests"]), "the browser fetches no PDF"
    assert list(simulator.state()["login_attempts"].values()) == [["ok"]]


def test_pdfs_are_stored_by_digest_with_codes_that_add_up(
    books: Books, portal: SiiPortal, simulator: Simulator
) -> None:
    company, rut = seed(books, simulator, "E")
    sync(books, portal, company)
    result = fetch(books, portal, company, max_per_company=100)
    truth = simulator.f29(rut, 2026)
    assert (result["downloaded"], result["failed"]) == (len(truth), 0)
    found = stored(books)
    assert [form.pdf_sha256 for form in found] == [one["pdf_sha256"] for one in truth]
    assert [form.codes for form in found] == [one["codes"] for one in truth]
    assert {tuple(form.code_faults) for form in found} == {()}
    assert len(files(books)) == len(truth)
    untouched(simulator)


@pytest.mark.parametrize("variant", ["B", "A"])
def test_a_click_that_a_row_drawn_again_swallows_is_made_again(
    books: Books,
    portal: SiiPortal,
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
    variant: str,
) -> None:
    monkeypatch.setattr(f29_list, "CLICK_AGAIN", 0.2)
    if variant == "A":
        simulator.fail(LIST, "old_f29_list", count=1)
    simulator.fail(LIST, "lost_click")
    company, rut = seed(books, simulator, "E")
    sync(books, portal, company)
    assert [row(form) for form in stored(books)] == true(simulator, rut)
    untouched(simulator)


def test_a_word_that_nobody_knows_is_kept_and_called_unknown(
    books: Books, portal: SiiPortal, simulator: Simulator
) -> None:
    simulator.fail("/www4/rfiInternet/svcConsulta", "unknown_status")
    company, _ = seed(books, simulator, "C")
    sync(books, portal, company)
    assert {(one.status, one.status_raw) for one in stored(books)} == {
        ("Desconocido", "En Revisión")
    }


def test_a_year_without_returns_stores_none(
    books: Books, portal: SiiPortal, simulator: Simulator
) -> None:
    company, _ = seed(books, simulator, "A")
    assert sync(books, portal, company, year=2019)["forms_synced"] == 0
    untouched(simulator)


def test_a_session_that_ended_is_told_from_an_empty_list(
    books: Books, portal: SiiPortal, simulator: Simulator
) -> None:
    _, rut = seed(books, simulator, "C")
    with portal.open_f29_list(rut, simulator.company("C")["clave"]) as listing:
        simulator.reset()  # the portal has forgotten the session
        with pytest.raises(errors.SessionExpired):
            list(listing.read_year(rut, 2026))


@pytest.mark.parametrize("kind", ["pdf_corrupt", "pdf_html", "pdf_truncated", "pdf_wrong_folio"])
def test_a_bad_pdf_is_never_stored_and_comes_later(
    books: Books, portal: SiiPortal, simulator: Simulator, kind: str
) -> None:
    company, rut = seed(books, simulator, "C")
    sync(books, portal, company)
    simulator.fail(PDF, kind, count=2)
    now = datetime(2026, 11, 20, 15, tzinfo=UTC)
    result = fetch(books, portal, company, now=now)
    assert (result["downloaded"], result["failed"]) == (8, 2)
    assert {one["code"] for one in result["errors"]} == {"pdf_unusable"}
    later = now.replace(hour=16)
    assert fetch(books, portal, company, now=later)["downloaded"] == 2
    assert [form.pdf_sha256 for form in stored(books)] == [
        one["pdf_sha256"] for one in simulator.f29(rut, 2026)
    ]
    untouched(simulator)


def test_an_outage_during_the_pdfs_blames_no_form(
    books: Books, portal: SiiPortal, simulator: Simulator
) -> None:
    company, _ = seed(books, simulator, "C")
    sync(books, portal, company)
    simulator.fail(PDF, "http_503")
    with pytest.raises(errors.SiiUnavailable):
        fetch(books, portal, company)
    assert {form.pdf_attempts for form in stored(books)} == {0}
    untouched(simulator)
