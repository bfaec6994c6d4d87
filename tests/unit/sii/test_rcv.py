"""What the RCV client sends, and what it makes of every kind of answer."""

import json
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from app import errors
from app.domain.documents import AccountingState, Direction
from app.domain.periods import Period
from app.infrastructure.sii import pages
from app.infrastructure.sii.rcv import RcvSession
from tests.unit.sii import exports
from tests.unit.sii.asked import Asked

ADDRESSES = pages.Addresses(
    *(f"http://sii.test/{name}" for name in ("zeusr", "misiir", "www4", "loa"))
)
NOVEMBER = Period(2026, 11)
Answer = httpx.Response | Exception


class Rcv:
    """Answers like the RCV; `answers` replaces what a method or page says."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.answers: dict[str, Callable[[httpx.Request], Answer]] = {}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        name = request.url.path.rstrip("/").rsplit("/", 1)[-1]
        answer = self.answers.get(name, lambda _: agreed([]))(request)
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def names(self) -> list[str]:
        return [one.url.path.rstrip("/").rsplit("/", 1)[-1] for one in self.requests]

    def bodies(self, method: str) -> list[dict[str, Any]]:
        return [json.loads(one.content) for one in self.requests if one.url.path.endswith(method)]


def agreed(data: Any, code: int = 0, text: str = "") -> httpx.Response:
    state = {"codRespuesta": code, "msgeRespuesta": text, "codError": None}
    return httpx.Response(200, json={"data": data, "respEstado": state})


def counted(**changes: Any) -> dict[str, Any]:
    return {
        "rsmnTipoDocInteger": 33,
        "dcvTipoIngresoDoc": "DET_ELE",
        "rsmnTotDoc": 1,
        "rsmnMntExe": 0,
        "rsmnMntNeto": 1000,
        "rsmnMntIVA": 190,
        "rsmnMntTotal": 1190,
    } | changes


@pytest.fixture
def rcv() -> Rcv:
    return Rcv()


@pytest.fixture
def session(rcv: Rcv) -> RcvSession:
    return open_session(rcv)


def open_session(rcv: Rcv, min_interval: float = 0) -> RcvSession:
    client = httpx.Client(transport=httpx.MockTransport(rcv), follow_redirects=True)
    return RcvSession(
        client,
        ADDRESSES,
        login_rut="76000001-9",
        token="T0K3N",
        recaptcha_token="placeholder",
        export_limit=3,
        min_interval=min_interval,
    )


def test_the_session_is_bound_once_before_the_first_register(rcv: Rcv, session: RcvSession) -> None:
    for _ in range(2):
        session.read_register(exports.COMPANY, NOVEMBER, Direction.SALE, Asked())
    assert rcv.names == [
        "consdcvinternetui", "obtieneConf", "load", "AutTknData.cgi", "getDatosInicio",
        "getResumen", "getResumen",
    ]  # fmt: skip


def test_every_call_carries_the_envelope_and_the_only_accept_header_that_works(
    rcv: Rcv, session: RcvSession
) -> None:
    session.read_register(exports.COMPANY, NOVEMBER, Direction.SALE, Asked())
    (body,) = rcv.bodies("getResumen")
    transaction = body["metaData"].pop("transactionId")
    assert body == {
        "metaData": {
            "namespace": "cl.sii.sdi.lob.diii.consdcv.data.api.interfaces.FacadeService/getResumen",
            "conversationId": "T0K3N",
            "page": None,
        },
        "data": {
            "rutEmisor": "76000001",
            "dvEmisor": "9",
            "ptributario": "202611",
            "estadoContab": "REGISTRO",
            "operacion": "VENTA",
            "busquedaInicial": True,
        },
    }
    assert len(transaction) == 36
    assert rcv.requests[-1].headers["Accept"] == "application/json, text/plain, */*"


def test_purchases_are_read_in_all_four_states_registered_ones_last(
    rcv: Rcv, session: RcvSession
) -> None:
    def export(request: httpx.Request) -> httpx.Response:
        state = AccountingState(json.loads(request.content)["data"]["estadoContab"])
        folio = str(1 + list(AccountingState).index(state))
        return agreed(
            [exports.header(Direction.PURCHASE, state), exports.purchase(state, Folio=folio)]
        )

    rcv.answers = {"getResumen": lambda _: agreed([counted()]), "getDetalleCompraExport": export}
    reading = session.read_register(exports.COMPANY, NOVEMBER, Direction.PURCHASE, Asked())
    reading.check_complete()
    assert [one.accounting_state for one in reading.documents] == [
        "PENDIENTE", "RECLAMADO", "NO_INCLUIR", "REGISTRO",
    ]  # fmt: skip
    assert {body["data"]["tokenRecaptcha"] for body in rcv.bodies("Export")} == {"placeholder"}


def test_types_that_come_as_totals_only_are_no_reason_to_ask_for_rows(
    rcv: Rcv, session: RcvSession
) -> None:
    boletas = counted(rsmnTipoDocInteger=39, dcvTipoIngresoDoc="RESUMEN", rsmnTotDoc=812)
    rcv.answers = {"getResumen": lambda _: agreed([boletas])}
    reading = session.read_register(exports.COMPANY, NOVEMBER, Direction.SALE, Asked())
    reading.check_complete()
    assert [(row.doc_type, row.count, row.detailed) for row in reading.summary] == [(39, 812, 0)]
    assert "getDetalleVentaExport" not in rcv.names


def test_no_documents_is_an_answer(rcv: Rcv, session: RcvSession) -> None:
    rcv.answers = {"getResumen": lambda _: agreed(None, code=99)}
    reading = session.read_register(exports.COMPANY, NOVEMBER, Direction.SALE, Asked())
    reading.check_complete()
    assert (reading.documents, reading.summary) == ((), ())


@pytest.mark.parametrize(("sent", "counts"), [(1, 2), (2, 1), (1, 0)])
def test_rows_and_summary_that_differ_are_no_complete_reading(
    rcv: Rcv, session: RcvSession, sent: int, counts: int
) -> None:
    lines = [exports.sale(Folio=str(folio)) for folio in range(1, sent + 1)]
    other = counted(rsmnTipoDocInteger=34, rsmnTotDoc=1)  # keeps the export asked for
    rows = [counted(rsmnTotDoc=counts), other]
    lines.append(exports.sale(Tipo_Doc="34"))
    rcv.answers = {
        "getResumen": lambda _: agreed(rows),
        "getDetalleVentaExport": lambda _: agreed([exports.header(Direction.SALE), *lines]),
    }
    reading = session.read_register(exports.COMPANY, NOVEMBER, Direction.SALE, Asked())
    with pytest.raises(errors.IncompleteAnswer, match=f"sent {sent} .* type 33 .* counts {counts}"):
        reading.check_complete()


UNBOUND = httpx.Response(401, text="JBWEB000065: This request requires HTTP authentication")


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        pytest.param(UNBOUND, errors.SessionExpired, id="unbound"),
        pytest.param(httpx.Response(429), errors.RateLimited, id="rate limit"),
        pytest.param(httpx.Response(500, text="RESTEASY001530"), errors.SiiUnavailable, id="500"),
        pytest.param(httpx.Response(503), errors.SiiUnavailable, id="503"),
        pytest.param(httpx.ReadTimeout("slow"), errors.SiiUnavailable, id="timeout"),
        pytest.param(httpx.ConnectError("refused"), errors.SiiUnavailable, id="no connection"),
        pytest.param(
            httpx.Response(200, html="<html>jbweb</html>"), errors.UnexpectedAnswer, id="HTML"
        ),
        pytest.param(httpx.Response(200, json=[]), errors.UnexpectedAnswer, id="a list"),
        pytest.param(
            httpx.Response(200, json={"data": []}), errors.UnexpectedAnswer, id="no state"
        ),
        pytest.param(agreed([], code=5), errors.UnexpectedAnswer, id="an unknown code"),
        pytest.param(agreed([{"x": 1}]), errors.UnexpectedAnswer, id="an unknown row"),
        pytest.param(
            agreed(None, 4, "Debe completar la verificación reCAPTCHA"),
            errors.RecaptchaRequired,
            id="a captcha",
        ),
        pytest.param(
            agreed(None, 1, "El token no es valido: NO Existen Datos"),
            errors.SessionExpired,
            id="token refused",
        ),
        pytest.param(
            httpx.Response(302, headers={"Location": "http://sii.test/ayudas/900.html"}),
            errors.SiiUnavailable,
            id="maintenance",
        ),
        pytest.param(
            httpx.Response(
                302, headers={"Location": "http://sii.test/AUT2000/IngresoRutClave.html"}
            ),
            errors.SessionExpired,
            id="sent to the login",
        ),
    ],
)
def test_every_bad_answer_is_a_typed_error(
    rcv: Rcv, session: RcvSession, answer: Answer, kind: type[errors.FiscalError]
) -> None:
    rcv.answers = {"getResumen": lambda _: answer}
    with pytest.raises(errors.FiscalError) as failure:
        session.read_register(exports.COMPANY, NOVEMBER, Direction.SALE, Asked())
    assert type(failure.value) is kind
    assert "T0K3N" not in str(failure.value)


def test_a_bootstrap_that_ends_at_the_login_page_is_an_expired_session(
    rcv: Rcv, session: RcvSession
) -> None:
    login = {"Location": "http://sii.test/zeusr/AUT2000/InicioAutenticacion/IngresoRutClave.html"}
    rcv.answers = {"consdcvinternetui": lambda _: httpx.Response(302, headers=login)}
    with pytest.raises(errors.SessionExpired):
        session.read_register(exports.COMPANY, NOVEMBER, Direction.SALE, Asked())


def test_requests_keep_their_distance(rcv: Rcv) -> None:
    session = open_session(rcv, min_interval=0.1)
    started = time.monotonic()
    session.read_register(exports.COMPANY, NOVEMBER, Direction.SALE, Asked())
    assert len(rcv.requests) == 6
    assert time.monotonic() - started >= 0.5


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8-sig"])
def test_an_answer_in_latin_1_or_with_a_bom_is_read(
    rcv: Rcv, session: RcvSession, encoding: str
) -> None:
    line = exports.sale(Razon_Social="Ñuñoa y Cía.")

    def in_encoding(answer: httpx.Response) -> httpx.Response:
        text = json.dumps(answer.json(), ensure_ascii=False)
        return httpx.Response(200, content=text.encode(encoding))

    lines = [exports.header(Direction.SALE), line]
    rcv.answers["getResumen"] = lambda _: in_encoding(agreed([counted()]))
    rcv.answers["getDetalleVentaExport"] = lambda _: in_encoding(agreed(lines))
    (document,) = session.read_register(
        exports.COMPANY, NOVEMBER, Direction.SALE, Asked()
    ).documents
    assert document.counterpart_name == "Ñuñoa y Cía."


@pytest.mark.parametrize("body", ['{"respEstado":{"codRespuesta":1e400}}', '{"a":' * 100_000])
def test_json_that_breaks_readers_is_an_unexpected_answer(
    rcv: Rcv, session: RcvSession, body: str
) -> None:
    rcv.answers["getDatosInicio"] = lambda _: httpx.Response(200, text=body)
    with pytest.raises(errors.UnexpectedAnswer):
        session.read_register(exports.COMPANY, NOVEMBER, Direction.SALE, Asked())
