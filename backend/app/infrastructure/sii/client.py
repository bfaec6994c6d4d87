"""The HTTP client of a session at the portal: whatever it is answered is counted."""

from typing import Any

import httpx

from app.infrastructure.sii.answers import failure_of
from app.infrastructure.sii.pages import page_at
from app.infrastructure.sii.tally import OK, TIMEOUT, UNREACHABLE, Tally, kind_of


class CountingClient(httpx.Client):
    """httpx's own client; an answer counts for the page that was asked, wherever it led."""

    def __init__(self, tally: Tally, **options: Any) -> None:
        super().__init__(**options)
        self._tally = tally

    def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        """Sends a request; raises what httpx's own does."""
        with self._tally.answer(page_at(request.url.path)) as answer:
            answer.resume()
            try:
                response = super().send(request, **options)
            except httpx.TimeoutException:
                answer.kind = TIMEOUT
                raise
            except httpx.HTTPError:
                answer.kind = UNREACHABLE
                raise
            failure = failure_of(response)
            answer.kind = OK if failure is None else kind_of(failure)
        return response
