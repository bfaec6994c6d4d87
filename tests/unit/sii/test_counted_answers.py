"""A session at the simulator: each answer is counted for its page, as what it was."""

from collections.abc import Iterator

import pytest

from app import errors
from app.domain.documents import Direction
from app.domain.periods import Period
from app.infrastructure.sii import portal as portal_module
from app.infrastructure.sii.portal import SiiPortal
from app.infrastructure.sii.tally import Tally
from tests.scenarios.http_login import log_in, settings_of
from tests.simulator import Simulator, running_simulator
from tests.unit.sii.asked import Asked
from tests.unit.sii.books import Books
from tests.unit.sii.counted import counted

NOVEMBER = Period(2026, 11)
FACADE = "/www4/consdcvinternetui/services/data/facadeService"


@pytest.fixture(scope="module")
def _simulator() -> Iterator[Simulator]:
    with running_simulator(SIMULATOR_TODAY="2026-11-20") as simulator:
        yield simulator


@pytest.fixture
def simulator(_simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> Simulator:
    _simulator.reset()
    monkeypatch.setattr(portal_module, "log_in", log_in)
    return _simulator


@pytest.fixture
def portal(simulator: Simulator, books: Books) -> SiiPortal:
    return SiiPortal(settings_of(simulator.url), tally=Tally(books.sessions))


def read(portal: SiiPortal, simulator: Simulator) -> None:
    """Reads all that there is of company A's November."""
    known = simulator.company("A")
    with portal.open_session(known["login_rut"], known["clave"]) as session:
        session.read_taxpayer()
        for direction in Direction:
            session.read_register(known["rut"], NOVEMBER, direction, Asked())
        session.read_boletas(known["rut"], NOVEMBER, None)
        session.read_fees(known["rut"], NOVEMBER)


def test_every_answer_is_counted_for_its_page(
    books: Books, portal: SiiPortal, simulator: Simulator
) -> None:
    read(portal, simulator)
    found = counted(books.sessions)
    assert {kind for _, kind in found} == {"ok"}
    assert {page: number for (page, _), number in found.items()} == {
        "home": 1,
        "rcv_start": 5,
        "rcv_summary": 6,  # of each state, and once more for the boletas
        "rcv_export": 4,  # of the states that have documents
        "boletas": 2,
        "fees": 1,
        "logout": 1,
    }
    read(portal, simulator)
    assert counted(books.sessions) == {key: 2 * number for key, number in found.items()}


@pytest.mark.parametrize(
    ("path", "fault", "page", "kind"),
    [
        ("/misiir", "maintenance", "home", "maintenance"),
        ("/misiir", "json_html_body", "home", "unexpected_answer"),
        (f"{FACADE}/getResumen", "queue_wait", "rcv_summary", "waiting_room"),
        (f"{FACADE}/getResumen", "expired_session", "rcv_summary", "session_expired"),
        (f"{FACADE}/getResumen", "rate_limit_429", "rcv_summary", "rate_limited"),
        (f"{FACADE}/getResumen", "http_503", "rcv_summary", "server_error"),
        (f"{FACADE}/getResumen", "http_400", "rcv_summary", "unexpected_answer"),
        (f"{FACADE}/getResumen", "json_html_body", "rcv_summary", "unexpected_answer"),
        (f"{FACADE}/getDetalle", "csv_bad_header", "rcv_export", "unexpected_answer"),
        (f"{FACADE}/getDetalle", "recaptcha_required", "rcv_export", "recaptcha_required"),
        ("/www4/complementoscvui", "http_500", "boletas", "server_error"),
        ("/loa", "json_html_body", "fees", "unexpected_answer"),
    ],
)
def test_an_answer_that_was_no_good_is_counted_as_what_it_was(
    books: Books, portal: SiiPortal, simulator: Simulator,
    path: str, fault: str, page: str, kind: str,
) -> None:  # fmt: skip
    at_login = 2 if path == "/misiir" else 0  # it leads through the home page, and back to it
    simulator.fail(path, fault, count=1, after=at_login)
    with pytest.raises(errors.FiscalError):
        read(portal, simulator)
    found = counted(books.sessions)
    assert {key: number for key, number in found.items() if key[1] != "ok"} == {(page, kind): 1}
    assert found["logout", "ok"] == 1


def test_a_pdf_that_is_none_is_counted_as_such(
    books: Books, portal: SiiPortal, simulator: Simulator
) -> None:
    known = simulator.company("A")
    one = simulator.f29(known["rut"], 2026)[0]
    asked = {"folio": one["folio"], "cod_int": one["cod_int"]}
    period = Period(one["year"], one["month"])
    simulator.fail("/www4/rfiInternet/formCompacto", "pdf_html", count=1)
    with portal.open_f29_forms(known["login_rut"], known["clave"]) as forms:
        with pytest.raises(errors.PdfUnusable):
            forms.download(known["rut"], period=period, **asked)
        forms.download(known["rut"], period=period, **asked)
    assert counted(books.sessions) == {
        ("f29_pdf", "pdf_unusable"): 1,
        ("f29_pdf", "ok"): 1,
        ("logout", "ok"): 1,
    }


def test_a_large_registers_file_has_pages_of_its_own(
    books: Books, portal: SiiPortal, simulator: Simulator
) -> None:
    known = simulator.company("B")
    asked = Asked()
    simulator.fail(f"{FACADE}/getCtrlAsync", "export_pending")
    for _ in range(2):
        with (
            portal.open_session(known["login_rut"], known["clave"]) as session,
            pytest.raises(errors.ExportNotReady),
        ):
            session.read_register(known["rut"], Period(2026, 10), Direction.PURCHASE, asked)
    found = counted(books.sessions)
    assert found["large_export", "ok"] == 3, "that a file is not ready is a good answer"
    assert {kind for _, kind in found} == {"ok"}
