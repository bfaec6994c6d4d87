"""The addresses below `/ops`: the page, its live parts, and signing in and out."""

import asyncio
from collections.abc import AsyncIterable
from contextlib import suppress
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.exceptions import HTTPException

from app.api.desk import Desk, DeskOf
from app.api.stopping import is_stopping
from app.errors import DatabaseUnavailable, TooManyTries, Unauthenticated
from app.services.sign_ins import close_session, count_try, open_session
from app.web import actions
from app.web.board import Boards
from app.web.door import Door
from app.web.render import STATIC, page, parts_of
from app.web.routes import HOME, SIGN_IN, PageRoute, go
from app.web.visitor import (
    COOKIE,
    FORM_COOKIE,
    LANGUAGE_COOKIE,
    VisitorOf,
    WordsOf,
    address_of,
    give,
    new_token,
    proof_of,
    read_form,
    signed_in,
    token_of,
)
from app.web.words import LANGUAGES

LOOK_AGAIN = 2.0  # s between two looks of a page that is open
KINDS = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


router = APIRouter(prefix="/ops", include_in_schema=False, route_class=PageRoute)


def add_operations_page(app: FastAPI, desk: Desk) -> None:
    """Adds the page to the API."""
    app.state.boards, app.state.door = Boards(desk), Door()
    app.include_router(router)
    app.include_router(actions.router)


async def _boards(request: Request) -> Boards:
    boards: Boards = request.app.state.boards
    return boards


BoardsOf = Annotated[Boards, Depends(_boards)]


@router.get("")
async def show_page(
    request: Request, visitor: VisitorOf, words: WordsOf, boards: BoardsOf, done: str = ""
) -> Response:
    """Returns the page as it is now; its script keeps it so. `done`: the action that led here."""
    parts = parts_of(await boards.read(), words, visitor)
    proof = proof_of(token_of(request) or "")
    return page(
        "board.html",
        words,
        visitor=visitor,
        parts=parts,
        message=words.texts.get(f"done_{done}"),
        proof=proof,
    )


@router.get("/events", response_class=EventSourceResponse)
async def follow_board(
    request: Request, visitor: VisitorOf, words: WordsOf, boards: BoardsOf, desk: DeskOf
) -> AsyncIterable[ServerSentEvent]:
    """Sends events named `board`: the parts that have changed, as HTML by name. `ended` is the last
    one, where the session has ended; without it the API stops, and the browser asks again by
    itself. While Postgres is away nothing is said."""
    shown: dict[str, str] = {}
    while not is_stopping():
        try:
            visitor = await signed_in(request, desk)
            parts = parts_of(await boards.read(), words, visitor)
        except Unauthenticated:
            yield ServerSentEvent(event="ended", data={})
            return
        except DatabaseUnavailable:
            parts = shown
        changed = {name: html for name, html in parts.items() if shown.get(name) != html}
        if changed:
            yield ServerSentEvent(event="board", data=changed)
            shown |= changed
        await asyncio.sleep(LOOK_AGAIN)


@router.get("/sign-in")
async def show_sign_in(request: Request, words: WordsOf, desk: DeskOf) -> Response:
    """Returns the form, and gives the browser the cookie that belongs to it."""
    with suppress(Unauthenticated):
        await signed_in(request, desk)
        return go(HOME)
    return _sign_in_page(request, words)


@router.post("/sign-in")
async def sign_in(request: Request, words: WordsOf, desk: DeskOf) -> Response:
    """Signs in who has the password, and gives the browser the cookie of a new session."""
    form = await read_form(request, FORM_COOKIE)
    name, address = form.get("name", "").strip().lower(), address_of(request)
    tried = await desk.transact(lambda session: count_try(session, name, address))
    if tried.wait:
        refusal = words["too_many"].format(seconds=tried.wait)
        return _sign_in_page(request, words, 429, refusal, {"Retry-After": str(tried.wait)})
    door: Door = request.app.state.door
    try:
        proven = await door.is_password(address, form.get("password", ""), tried.password_hash)
    except TooManyTries:
        refusal = words["too_many"].format(seconds=1)
        return _sign_in_page(request, words, 429, refusal, {"Retry-After": "1"})
    if not proven:
        return _sign_in_page(request, words, 401, words["refused"])
    token = await desk.transact(lambda session: open_session(session, name, address))
    response = go(HOME)
    give(request, response, COOKIE, token)
    return response


@router.post("/sign-out")
async def sign_out(request: Request, desk: DeskOf) -> Response:
    """Ends the session, in the database and in the browser."""
    await read_form(request)
    token = token_of(request) or ""
    await desk.transact(lambda session: close_session(session, token))
    response = go(SIGN_IN)
    response.delete_cookie(COOKIE, path="/ops", httponly=True, samesite="strict")
    return response


@router.get("/language/{language}")
async def choose_language(request: Request, language: str) -> Response:
    """Remembers a language for this browser."""
    response = go(HOME)
    if language in LANGUAGES:
        give(request, response, LANGUAGE_COOKIE, language)
    return response


@router.get("/static/{name}")
async def show_file(name: str) -> Response:
    """Returns a file; its address changes with it, so it may be kept."""
    if name not in STATIC:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    kept = {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response(STATIC[name], 200, kept, KINDS[name.rpartition(".")[2]])


def _sign_in_page(
    request: Request,
    words: Any,
    status: int = 200,
    refusal: str = "",
    headers: dict[str, str] | None = None,
) -> Response:
    token = token_of(request, FORM_COOKIE) or new_token()
    response = page("sign_in.html", words, status, refusal=refusal, proof=proof_of(token))
    give(request, response, FORM_COOKIE, token)
    response.headers.update(headers or {})
    return response
