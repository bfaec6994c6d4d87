"""Fetches the PDFs of F29 over HTTP, with the cookies of a login."""

import httpx

from app.domain.f29 import F29Pdf
from app.domain.periods import Period
from app.errors import SiiUnavailable
from app.infrastructure.sii import answers, pages
from app.infrastructure.sii.f29_pdf import check_pdf
from app.infrastructure.sii.pace import Pace
from app.infrastructure.sii.politeness import ALONE, Turn
from app.infrastructure.sii.tally import UNCOUNTED, Tally, judged


class F29Forms:
    """The forms of one logged-in session. Not for several threads."""

    def __init__(
        self,
        client: httpx.Client,
        addresses: pages.Addresses,
        *,
        min_interval: float,
        turn: Turn = ALONE.wait_for_turn,
        tally: Tally = UNCOUNTED,
    ) -> None:
        """`min_interval`: seconds that lie at least between two requests, each in its `turn`."""
        self._client = client
        self._addresses = addresses
        self._pace = Pace(min_interval, turn)
        self._tally = tally

    @judged
    def download(self, company_rut: str, *, folio: int, cod_int: int, period: Period) -> F29Pdf:
        """Returns the PDF of a return, checked against its folio, RUT and period.

        Raises PdfUnusable, UnexpectedAnswer, SessionExpired, RateLimited or SiiUnavailable.
        """
        self._pace.wait()
        query = {
            "folio": str(folio),
            "rut": company_rut.split("-")[0],
            "form": pages.F29_FORM_NUMBER,
            "codInt": str(cod_int),
        }
        headers = {"Accept": pages.PDF_ACCEPT, "Referer": self._addresses.f29_referer}
        try:
            response = self._client.get(self._addresses.f29_pdf, params=query, headers=headers)
        except httpx.HTTPError as error:
            # `from None`: the request that the cause holds carries the session's cookies.
            raise SiiUnavailable(f"SII did not answer ({type(error).__name__}).") from None
        failure = answers.failure_of(response)
        if failure is not None:
            raise failure
        return check_pdf(response.content, folio=folio, rut=company_rut, period=period)
