"""What every address of the page has in common: errors as pages, and a closed door around each."""

from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute
from sqlalchemy import exc

from app.errors import DatabaseUnavailable, FiscalError, Unauthenticated
from app.web.render import page
from app.web.visitor import HEADERS, words_of

HOME, SIGN_IN = "/ops", "/ops/sign-in"


class PageRoute(APIRoute):
    """Answers errors with a page, and closes every answer to what is not ours."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Returns the handler of FastAPI with ours around it."""
        handle = super().get_route_handler()

        async def handle_page(request: Request) -> Response:
            try:
                response = await handle(request)
            except FiscalError as error:
                response = _refusal(request, error)
            except (exc.OperationalError, exc.InterfaceError, exc.TimeoutError):
                response = _refusal(request, DatabaseUnavailable())
            for name, value in HEADERS.items():
                response.headers.setdefault(name, value)
            return response

        return handle_page


def go(address: str) -> RedirectResponse:
    """Returns the answer that sends a browser on, by GET."""
    return RedirectResponse(address, HTTPStatus.SEE_OTHER)


def _refusal(request: Request, error: FiscalError) -> Response:
    words = words_of(request)
    if isinstance(error, Unauthenticated):
        if request.url.path == f"{HOME}/events":
            return Response(status_code=HTTPStatus.UNAUTHORIZED)
        return go(SIGN_IN)
    known = {
        "form_expired": "form_expired",
        "operators_only": "forbidden",
        "not_found": "nothing_there",
        "database_unavailable": "store_away",
        "queue_unavailable": "store_away",
    }
    text = words[known[error.code]] if error.code in known else error.message
    response = page("message.html", words, error.status, text=text)
    if error.status == HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = "5"
        response.headers["Refresh"] = "5"
    return response
