"""Who is at the other end: a browser's cookies, a proof in each form, and what every answer of the
page forbids.

A cookie holds 256 random bits: of a session, which `account_sessions` knows, or of the form to sign
in. A form carries a proof derived from its cookie, so no other site can write one, and nothing is
stored for it. There are two cookies because a link from another site brings none along: the form
that it leads to must not take the place of a session.
"""

import hmac
import ipaddress
import re
import secrets
from collections.abc import Mapping
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import Depends, Request, Response

from app.api.desk import DeskOf
from app.errors import FormExpired, OperatorsOnly, Unauthenticated
from app.services.sign_ins import LIFE, SignedIn, find_session
from app.web import words
from app.web.words import Words

COOKIE = "fiscal_ops"
FORM_COOKIE = "fiscal_ops_form"
LANGUAGE_COOKIE = "fiscal_ops_language"
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
        " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


def token_of(request: Request, cookie: str = COOKIE) -> str | None:
    """Returns the token in a cookie, None where it is none that we could have given."""
    token = request.cookies.get(cookie, "")
    return token if _TOKEN.fullmatch(token) else None


def new_token() -> str:
    """Returns a token for the form to sign in."""
    return secrets.token_urlsafe(32)


def give(request: Request, response: Response, name: str, value: str) -> None:
    """Sets a cookie that no script reads and no other site sends; over https it stays there."""
    response.set_cookie(
        name,
        value,
        max_age=365 * 86400 if name == LANGUAGE_COOKIE else int(LIFE.total_seconds()),
        path="/ops",
        httponly=True,
        samesite="strict",
        secure=_is_https(request),
    )


def _is_https(request: Request) -> bool:
    # Who forges the header of a proxy only keeps their own cookie from plain http.
    return "https" in (request.url.scheme, request.headers.get("x-forwarded-proto"))


def proof_of(token: str) -> str:
    """Returns what a form carries that belongs to a token."""
    return hmac.digest(token.encode(), b"form", "sha256").hex()


async def read_form(request: Request, cookie: str = COOKIE) -> Mapping[str, str]:
    """Returns the fields of a form that was given with a cookie. Raises FormExpired."""
    fields = dict(parse_qsl((await request.body()).decode("utf-8", "replace")))
    token = token_of(request, cookie)
    if token is None or not hmac.compare_digest(
        fields.get("proof", "").encode(), proof_of(token).encode()
    ):
        raise FormExpired
    return fields


def address_of(request: Request) -> str:
    """Returns where a request comes from; of IPv6 the network, whose addresses are one person's."""
    host = request.client.host if request.client else ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host[:64]
    if isinstance(address, ipaddress.IPv4Address) or address.ipv4_mapped:
        return str(getattr(address, "ipv4_mapped", None) or address)
    return str(ipaddress.ip_network(f"{address}/64", strict=False))


def words_of(request: Request) -> Words:
    """Returns the words in the language that this browser asks for."""
    accepted = request.headers.get("accept-language", "")
    return words.choose(request.cookies.get(LANGUAGE_COOKIE), accepted)


async def _words(request: Request) -> Words:  # a plain function would cost a thread
    return words_of(request)


async def signed_in(request: Request, desk: DeskOf) -> SignedIn:
    """Returns who is signed in. Raises Unauthenticated."""
    token = token_of(request)
    found = await desk.transact(lambda session: find_session(session, token)) if token else None
    if found is None:
        raise Unauthenticated
    return found


async def operator(visitor: "VisitorOf") -> SignedIn:
    """Returns who is signed in and may act. Raises OperatorsOnly."""
    if not visitor.may_act:
        raise OperatorsOnly
    return visitor


WordsOf = Annotated[Words, Depends(_words)]
VisitorOf = Annotated[SignedIn, Depends(signed_in)]
OperatorOf = Annotated[SignedIn, Depends(operator)]
