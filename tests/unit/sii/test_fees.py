"""How the honorarios of a month are asked for, page by page."""

from urllib.parse import parse_qs

import httpx
import pytest

from app import errors
from app.domain.periods import Period
from tests.unit.sii import exports
from tests.unit.sii.test_fees_report import page, row
from tests.unit.sii.test_rcv import Rcv, open_session

NOVEMBER = Period(2026, 11)
REPORT = "TMBCOC_InformeMensualBheRec.cgi"


def asked(rcv: Rcv) -> list[str]:
    """Returns the pages that were asked for."""
    forms = [parse_qs(one.content.decode()) for one in rcv.requests]
    return [form["pagina_solicitada"][0] for form in forms]


def pages_of(rcv: Rcv, *sizes: int, count: int | None = None) -> None:
    """Makes the report have pages of these sizes."""
    total = str(sum(sizes) if count is None else count)
    left, first = [], 1
    for size in sizes:
        rows = [row(nroboleta=str(folio)) for folio in range(first, first + size)]
        left.append(page(*rows, total_boletas=total))
        first += size
    rcv.answers = {
        REPORT: lambda _: httpx.Response(
            200, text=left.pop(0) if left else page(total_boletas=total)
        )
    }


@pytest.fixture
def rcv() -> Rcv:
    return Rcv()


def test_the_form_and_its_headers_are_what_the_menu_sends(rcv: Rcv) -> None:
    pages_of(rcv, 2)
    reading = open_session(rcv).read_fees(exports.COMPANY, NOVEMBER)
    reading.check_complete()
    (request,) = rcv.requests
    assert str(request.url) == f"http://sii.test/loa/cgi_IMT/{REPORT}"
    assert {name: values[0] for name, values in parse_qs(request.content.decode()).items()} == {
        "rut_arrastre": "76000001", "dv_arrastre": "9", "pagina_solicitada": "0",
        "cbmesinformemensual": "11", "cbanoinformemensual": "2026",
    }  # fmt: skip
    assert request.headers["Referer"].startswith("http://sii.test/loa/cgi_IMT/TMBCOC_Menu")
    assert "text/html" in request.headers["Accept"]


def test_further_pages_are_asked_for_until_all_are_there(rcv: Rcv) -> None:
    pages_of(rcv, 3, 3, 1)
    reading = open_session(rcv).read_fees(exports.COMPANY, NOVEMBER)
    reading.check_complete()
    assert [one.folio for one in reading.fees] == [1, 2, 3, 4, 5, 6, 7]
    assert asked(rcv) == ["0", "2", "3"]


def test_an_empty_page_ends_the_asking_and_the_reading_is_not_whole(rcv: Rcv) -> None:
    pages_of(rcv, 3, count=9)
    reading = open_session(rcv).read_fees(exports.COMPANY, NOVEMBER)
    assert asked(rcv) == ["0", "2"]
    with pytest.raises(errors.IncompleteAnswer, match=r"sent 3 .* counts 9"):
        reading.check_complete()


def test_the_same_page_again_and_again_is_not_whole_and_has_an_end(rcv: Rcv) -> None:
    same = page(row(), total_boletas="1000")
    rcv.answers = {REPORT: lambda _: httpx.Response(200, text=same)}
    reading = open_session(rcv).read_fees(exports.COMPANY, NOVEMBER)
    assert len(rcv.requests) == 100
    with pytest.raises(errors.IncompleteAnswer, match="1 of them different"):
        reading.check_complete()


LOGIN = {"Location": "http://sii.test/zeusr/AUT2000/InicioAutenticacion/IngresoRutClave.html"}


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (httpx.Response(429), errors.RateLimited),
        (httpx.Response(503), errors.SiiUnavailable),
        (httpx.Response(404), errors.UnexpectedAnswer),
        (httpx.ReadTimeout("slow"), errors.SiiUnavailable),
        (httpx.Response(200, json={}), errors.UnexpectedAnswer),
        (httpx.Response(302, headers=LOGIN), errors.SessionExpired),
        (httpx.Response(200, text='<form action="CAutInicio.cgi">'), errors.SessionExpired),
    ],
)
def test_every_bad_answer_is_a_typed_error(
    rcv: Rcv, answer: httpx.Response | Exception, kind: type[errors.FiscalError]
) -> None:
    rcv.answers = {REPORT: lambda _: answer}
    with pytest.raises(errors.FiscalError) as failure:
        open_session(rcv).read_fees(exports.COMPANY, NOVEMBER)
    assert type(failure.value) is kind
