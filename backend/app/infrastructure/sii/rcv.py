"""Reads the registers of purchases and sales (RCV) over HTTP, with the cookies of a login."""

import random
import time
from typing import Any
from uuid import uuid4

import httpx

from app.domain.documents import (
    STATES,
    AccountingState,
    Direction,
    RegisterDocument,
    RegisterReading,
    SummaryRow,
)
from app.domain.periods import Period
from app.errors import FiscalError, SessionExpired, SiiUnavailable, UnexpectedAnswer
from app.infrastructure.sii import answers, pages
from app.infrastructure.sii.rcv_export import parse_export
from app.infrastructure.sii.rcv_summary import parse_summary

JITTER = 0.25  # of the interval: machines that start together must not stay in step


class RcvSession:
    """One logged-in session at the RCV. Not for several threads."""

    def __init__(
        self,
        client: httpx.Client,
        addresses: pages.Addresses,
        *,
        token: str,
        recaptcha_token: str,
        min_interval: float,
    ) -> None:
        """`min_interval`: seconds that lie at least between two requests."""
        self._client = client
        self._addresses = addresses
        self._token = token
        self._recaptcha_token = recaptcha_token
        self._min_interval = min_interval
        self._next_at = 0.0
        self._bound = False

    def read_register(
        self, company_rut: str, period: Period, direction: Direction
    ) -> RegisterReading:
        """Returns one register of one period in all its states, each read after its summary.

        Raises SessionExpired, RateLimited, SiiUnavailable or UnexpectedAnswer.
        """
        self._bind()
        documents: list[RegisterDocument] = []
        summary: list[SummaryRow] = []
        for state in STATES[direction]:
            rows = self._summary(company_rut, period, direction, state)
            summary += rows
            if any(row.detailed for row in rows):
                documents += self._documents(company_rut, period, direction, state)
        return RegisterReading(period, direction, tuple(documents), tuple(summary))

    def _summary(
        self, company_rut: str, period: Period, direction: Direction, state: AccountingState
    ) -> list[SummaryRow]:
        query = _query(company_rut, period, direction, state) | {"busquedaInicial": True}
        return parse_summary(self._call("getResumen", query), state)

    def _documents(
        self, company_rut: str, period: Period, direction: Direction, state: AccountingState
    ) -> list[RegisterDocument]:
        query = _query(company_rut, period, direction, state) | {
            "codTipoDoc": pages.ALL_TYPES,
            "accionRecaptcha": pages.RECAPTCHA_ACTION[direction],
            "tokenRecaptcha": self._recaptcha_token,
        }
        lines = self._call(pages.EXPORT_METHOD[direction], query)
        return parse_export(lines, company_rut, period, direction, state)

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

    def _call(self, method: str, data: dict[str, Any]) -> Any:
        """Returns the `data` of a method's answer, None where SII has no documents."""
        envelope = {
            "metaData": {
                "namespace": f"{pages.NAMESPACE}{method}",
                "conversationId": self._token,
                "transactionId": str(uuid4()),
                "page": None,
            },
            "data": data,
        }
        return _data(self._request("POST", f"{self._addresses.facade}/{method}", json=envelope))

    def _request(self, method: str, address: str, **content: Any) -> httpx.Response:
        self._wait_for_turn()
        headers = {"Accept": pages.JSON_ACCEPT, "Referer": f"{self._addresses.rcv}/"}
        try:
            response = self._client.request(method, address, headers=headers, **content)
        except httpx.HTTPError as error:
            # `from None`: the request that the cause holds carries the session's cookies.
            raise SiiUnavailable(f"SII did not answer ({type(error).__name__}).") from None
        failure = _failure(response)
        if failure is not None:
            raise failure
        return response

    def _wait_for_turn(self) -> None:
        time.sleep(max(0.0, self._next_at - time.monotonic()))
        self._next_at = time.monotonic() + self._min_interval * (1 + random.uniform(0, JITTER))


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


def _failure(response: httpx.Response) -> FiscalError | None:
    addresses = [str(step.url) for step in (*response.history, response)]
    asked_at_login = any(mark in addresses[0] for mark in pages.LOGIN_MARKS)
    for address in addresses[1:] if asked_at_login else addresses:
        error = answers.detour(address)
        if error is not None:
            return error
    return answers.failed_status(response.status_code, response.headers.get("Retry-After"))


def _data(response: httpx.Response) -> Any:
    try:
        answer = response.json()
        state = answer["respEstado"]
        code, text = int(state["codRespuesta"]), str(state.get("msgeRespuesta") or "")
    except (ValueError, KeyError, TypeError, AttributeError):
        # None of the body in the message: it may be a page that shows a session.
        raise UnexpectedAnswer("SII sent something other than the RCV's JSON.") from None
    if pages.INVALID_TOKEN_TEXT in text:
        raise SessionExpired()
    if code == pages.NO_DOCUMENTS:
        return None
    if code != pages.OK:
        raise UnexpectedAnswer(f"The RCV refused a request with code {code}.")
    return answer.get("data")
