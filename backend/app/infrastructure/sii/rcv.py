"""Reads the registers over HTTP, with the cookies of a login: RCV, boletas and honorarios."""

import json
import random
import time
from collections.abc import Collection, Iterable
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx

from app.domain.boletas import BoletasReading, of_boletas
from app.domain.documents import (
    STATES,
    AccountingState,
    Direction,
    RegisterDocument,
    RegisterReading,
    SummaryRow,
)
from app.domain.exports import ExportMemory
from app.domain.fees import FeesReading
from app.domain.periods import Period
from app.errors import (
    ExportNotReady,
    RecaptchaRequired,
    SessionExpired,
    SiiUnavailable,
    UnexpectedAnswer,
)
from app.infrastructure.sii import answers, pages, values
from app.infrastructure.sii.boletas import parse_boletas
from app.infrastructure.sii.fees import read_fees
from app.infrastructure.sii.large_exports import Control, LargeRegister, is_packed, unpacked
from app.infrastructure.sii.pace import Pace
from app.infrastructure.sii.politeness import ALONE, Turn
from app.infrastructure.sii.rcv_export import parse_export
from app.infrastructure.sii.rcv_summary import parse_summary
from app.infrastructure.sii.tally import UNCOUNTED, Tally, judged
from app.infrastructure.sii.taxpayer import parse_taxpayer


class RcvSession:
    """One logged-in session. Not for several threads."""

    def __init__(
        self,
        client: httpx.Client,
        addresses: pages.Addresses,
        *,
        login_rut: str,
        token: str,
        recaptcha_token: str,
        export_limit: int,
        min_interval: float,
        turn: Turn = ALONE.wait_for_turn,
        tally: Tally = UNCOUNTED,
        home: bytes | None = None,
    ) -> None:
        """`export_limit`: documents of one state that come in one answer. `min_interval`: seconds
        that lie at least between two requests, each in its `turn`. `home`: the home page, where it
        has just shown that the session is open."""
        self._client = client
        self._addresses = addresses
        self._login_rut = login_rut
        self._export_limit = export_limit
        self._token = token
        self._recaptcha_token = recaptcha_token
        self._pace = Pace(min_interval, turn)
        self._tally = tally
        self._home = home
        self._bound = False

    @judged
    def read_taxpayer(self) -> dict[str, Any]:
        """Returns what the home page says of who is logged in: `DatosCntrNow`.

        Raises SessionExpired, RateLimited, SiiUnavailable or UnexpectedAnswer.
        """
        home, self._home = self._home, None
        if home is None:
            home = self._request("GET", self._addresses.protected_page).content
        return parse_taxpayer(home)

    @judged
    def read_register(
        self, company_rut: str, period: Period, direction: Direction, exports: ExportMemory
    ) -> RegisterReading:
        """Returns one register of one period in all its states, each read after its summary.

        A state with more documents than come in one answer comes as a file, which SII is asked
        for once and `exports` remembers. Raises ExportNotReady where it is not finished;
        SessionExpired, RateLimited, SiiUnavailable, RecaptchaRequired, UnexpectedAnswer;
        IncompleteAnswer where SII could not make it; what `exports` raises.
        """
        self._bind()
        documents: list[RegisterDocument] = []
        summary: list[SummaryRow] = []
        large = self._large(company_rut, period, direction, exports)
        large.look(STATES[direction])
        has_begun = False
        for state in STATES[direction]:
            rows = self._summary(company_rut, period, direction, state)
            summary += rows
            count = sum(row.detailed for row in rows)
            file = large.finished(state)
            if file is None and count > self._export_limit:
                large.begin(state)
                has_begun = True
            elif has_begun or not count:
                continue  # to be read when the file is there, or never
            elif file is None:
                documents += self._documents(company_rut, period, direction, state)
            else:
                content = self._fetch(file, company_rut)
                try:
                    documents += parse_export(unpacked(content), period, direction, state)
                except UnexpectedAnswer:
                    if is_packed(content):  # a page in its place says nothing of the file
                        exports.forget(state)
                    raise
        if has_begun:
            raise ExportNotReady()
        return RegisterReading(period, direction, tuple(documents), tuple(summary))

    @judged
    def read_boletas(
        self, company_rut: str, period: Period, counted: Iterable[SummaryRow] | None
    ) -> BoletasReading:
        """Returns the boletas of one period per day, of the types that its sales have.

        `counted`: the summary of its sales where that is known; None reads it first.
        Raises SessionExpired, RateLimited, SiiUnavailable or UnexpectedAnswer.
        """
        self._bind()
        if counted is None:
            state = AccountingState.REGISTRO
            counted = self._summary(company_rut, period, Direction.SALE, state)
        summary = of_boletas(counted)
        days = [
            day
            for row in summary
            for day in parse_boletas(
                self._boletas(company_rut, period, row.doc_type), period, row.doc_type
            )
        ]
        return BoletasReading(period, tuple(days), summary)

    @judged
    def read_fees(self, company_rut: str, period: Period) -> FeesReading:
        """Returns the boletas de honorarios that came in one period.

        Raises SessionExpired, RateLimited, SiiUnavailable or UnexpectedAnswer.
        """
        return read_fees(self._request, self._addresses, company_rut, period)

    def _boletas(self, company_rut: str, period: Period, doc_type: int) -> Any:
        body, check_digit = company_rut.split("-")
        query = {
            "rut": body,
            "dv": check_digit,
            "periodo": period.ptributario,
            "tipoDocumento": str(doc_type),
        }
        address = f"{self._addresses.boletas}/{pages.BOLETAS_METHOD}"
        namespace = f"{pages.BOLETAS_NAMESPACE}{pages.BOLETAS_METHOD}"
        return self._ask(address, namespace, query, pages.BOLETAS_PAGE)

    def _summary(
        self, company_rut: str, period: Period, direction: Direction, state: AccountingState
    ) -> list[SummaryRow]:
        query = _query(company_rut, period, direction, state) | {"busquedaInicial": True}
        return parse_summary(self._call(pages.SUMMARY_METHOD, query), state)

    def _documents(
        self, company_rut: str, period: Period, direction: Direction, state: AccountingState
    ) -> list[RegisterDocument]:
        query = _query(company_rut, period, direction, state) | {
            "codTipoDoc": pages.ALL_TYPES,
            "accionRecaptcha": pages.RECAPTCHA_ACTION[direction],
            "tokenRecaptcha": self._recaptcha_token,
        }
        lines = self._call(pages.EXPORT_METHOD[direction], query)
        return parse_export(lines, period, direction, state)

    def _large(
        self, company_rut: str, period: Period, direction: Direction, exports: ExportMemory
    ) -> LargeRegister:
        def ask(state: AccountingState, begins: bool) -> Any:
            query = _query(company_rut, period, direction, state) | {
                "codTipoDoc": pages.ALL_TYPES,
                "generaCtrl": begins,
                "totDoc": 0,
                "accionRecaptcha": pages.CONTROL_ACTION[direction],
                "tokenRecaptcha": self._recaptcha_token,
            }
            return self._call(pages.CONTROL_METHOD, query, pages.CONTROL_OK)

        return LargeRegister(ask, exports, period, direction)

    def _fetch(self, file: Control, company_rut: str) -> bytes:
        bodies = [rut.split("-")[0] for rut in (self._login_rut, company_rut)]
        path = [pages.BLOB_METHOD, str(file.blob), *bodies, str(file.number)]
        where = "/".join(quote(part, safe="") for part in path)
        return self._request("GET", f"{self._addresses.facade}/{where}").content

    def _bind(self) -> None:
        """Does what the RCV page does first; without it every method answers JBWEB000065."""
        if self._bound:
            return
        rcv = self._addresses.rcv
        self._request("GET", f"{rcv}/")
        self._request("POST", f"{rcv}/common-1.0/services/autConfDataService/obtieneConf", json={})
        self._request("GET", f"{rcv}/common-1.0/services/aaSessionService/load")
        stamp = int(time.time() * 1000)
        jsonp = {"rnd": random.random(), "callback": f"jQuery_{stamp}", "_": stamp}
        self._request("GET", self._addresses.bind_session, params=jsonp)
        self._call("getDatosInicio", {})
        self._bound = True

    def _call(self, method: str, data: dict[str, Any], good: Collection[int] = (pages.OK,)) -> Any:
        address = f"{self._addresses.facade}/{method}"
        return self._ask(address, f"{pages.NAMESPACE}{method}", data, good=good)

    def _ask(
        self,
        address: str,
        namespace: str,
        data: dict[str, Any],
        page: dict[str, int] | None = None,
        good: Collection[int] = (pages.OK,),
    ) -> Any:
        """Returns the `data` of a method's answer, None where SII has no documents."""
        envelope = {
            "metaData": {
                "namespace": namespace,
                "conversationId": self._token,
                "transactionId": str(uuid4()),
                "page": page,
            },
            "data": data,
        }
        return _data(self._request("POST", address, json=envelope), good)

    def _request(self, method: str, address: str, **content: Any) -> httpx.Response:
        self._pace.wait()
        content.setdefault(
            "headers", {"Accept": pages.JSON_ACCEPT, "Referer": f"{self._addresses.rcv}/"}
        )
        try:
            response = self._client.request(method, address, **content)
        except httpx.HTTPError as error:
            # `from None`: the request that the cause holds carries the session's cookies.
            raise SiiUnavailable(f"SII did not answer ({type(error).__name__}).") from None
        failure = answers.failure_of(response)
        if failure is not None:
            raise failure
        return response


def _query(
    company_rut: str, period: Period, direction: Direction, state: AccountingState
) -> dict[str, Any]:
    body, check_digit = company_rut.split("-")
    return {
        "rutEmisor": body,
        "dvEmisor": check_digit,
        "ptributario": period.ptributario,
        "estadoContab": state,
        "operacion": pages.OPERATION[direction],
    }


def _data(response: httpx.Response, good: Collection[int]) -> Any:
    try:
        answer = json.loads(values.decoded(response.content))
        state = answer["respEstado"]
        code, text = int(state["codRespuesta"]), str(state.get("msgeRespuesta") or "")
        refused_for = f"{text} {state.get('codError') or ''}".lower()
    except (ValueError, OverflowError, RecursionError, KeyError, TypeError, AttributeError):
        # None of the body in the message: it may be a page that shows a session.
        raise UnexpectedAnswer("SII sent something other than the RCV's JSON.") from None
    if pages.INVALID_TOKEN_TEXT in text:
        raise SessionExpired()
    if code == pages.NO_DOCUMENTS:
        return None
    if code not in good and pages.CAPTCHA_TEXT in refused_for:
        raise RecaptchaRequired()
    if code not in good:
        raise UnexpectedAnswer(f"The RCV refused a request with code {code}.")
    return answer.get("data")
