"""What the portal's pages and statuses mean, as our own errors."""

import re
from collections.abc import Callable

import httpx

from app.errors import (
    CredentialsBlocked,
    FiscalError,
    InvalidCredentials,
    RateLimited,
    SessionExpired,
    SiiUnavailable,
    TooManySessions,
    UnexpectedAnswer,
)
from app.infrastructure.sii import pages

_MOST_DIGITS = 9  # of a message's code; those that are known have two
LONGEST_WAIT = 3600  # seconds that a Retry-After may ask for
UNTOLD_WAIT = 60  # seconds, where SII asks to wait and does not say how long


def refusal(text: str) -> FiscalError | None:
    """Returns the error that a login page's text reports, None where it reports none.

    The code at the text's end decides (SII's list of 2020); the words do where it has none.
    """
    code = pages.MESSAGE_CODE.search(text)
    if code is not None:
        return _by_code(int(code[1].lstrip("0")[:_MOST_DIGITS] or 0))
    words = re.sub(r"\s+", " ", text).lower()
    for mark, error in (
        (pages.TOO_MANY_SESSIONS_TEXT, TooManySessions),
        (pages.WRONG_CLAVE_TEXT, InvalidCredentials),
        (pages.BLOCKED_CLAVE_TEXT, CredentialsBlocked),
    ):
        if mark in words:
            return error()
    return None


def _by_code(code: int) -> FiscalError:
    if code in pages.OTHER_KIND_OF_LOGIN:
        return InvalidCredentials("SII does not let this RUT in with a clave of this kind.")
    kinds: tuple[tuple[set[int], Callable[[], FiscalError]], ...] = (
        (pages.WRONG_CLAVE, InvalidCredentials),
        (pages.BLOCKED_CLAVE, CredentialsBlocked),
        (pages.TOO_MANY_SESSIONS, TooManySessions),
        (pages.ENDED_SESSION, SessionExpired),
        (pages.TRY_LATER, SiiUnavailable),
    )
    for codes, kind in kinds:
        if code in codes:
            return kind()
    # Permanent on purpose: what nobody understands is not tried again with a clave.
    return UnexpectedAnswer(f"SII refused the login with message {code}, which is not known.")


def outage(address: str) -> SiiUnavailable | None:
    """Returns the error that the address of a page stands for where SII serves nobody."""
    if pages.ERROR_PAGE in address:
        message = "SII shows its error page; it may be under maintenance."
        return SiiUnavailable(message, seen="maintenance")
    if pages.WAITING_ROOM in address:
        error = SiiUnavailable("SII has put us into its waiting room.", seen="waiting_room")
        error.asked_wait = UNTOLD_WAIT
        return error
    return None


def overload(status: int) -> SiiUnavailable | None:
    """Returns the error of a page's HTTP status where a browser was asked for fewer requests."""
    if status != 429:
        return None
    error = SiiUnavailable("SII asks for fewer requests.", seen="rate_limited")
    error.asked_wait = UNTOLD_WAIT  # scripts see no header
    return error


def asked_wait(address: str, status: int, retry_after: str | None) -> int | None:
    """Returns the seconds that an answer asks everybody to wait, None where it asks for none."""
    if status != 429 and pages.WAITING_ROOM not in address:
        return None
    told = _seconds(retry_after or "")
    return UNTOLD_WAIT if told is None else told


def detour(address: str) -> FiscalError | None:
    """Returns the error of a page that came instead of the one that was asked for."""
    if any(mark in address for mark in pages.LOGIN_MARKS):
        return SessionExpired()
    return outage(address)


def failed_status(status: int, retry_after: str | None) -> FiscalError | None:
    """Returns the error of an HTTP status, None for success."""
    if status == 429:
        error = RateLimited()
        error.retry_after = _seconds(retry_after or "")
        return error
    if status >= 500:
        return SiiUnavailable(f"SII answered with HTTP {status}.", seen="server_error")
    if status in {401, 403}:
        return SessionExpired()
    if status >= 400:
        return UnexpectedAnswer(f"SII answered with HTTP {status}.")
    return None


def failure_of(response: httpx.Response) -> FiscalError | None:
    """Returns the error that an HTTP answer stands for, by where it led and its status.

    None for the page that was asked for; what it says is its reader's to judge.
    """
    addresses = [str(step.url) for step in (*response.history, response)]
    asked_at_login = any(mark in addresses[0] for mark in pages.LOGIN_MARKS)
    for address in addresses[1:] if asked_at_login else addresses:
        error = detour(address)
        if error is not None:
            return error
    return failed_status(response.status_code, response.headers.get("Retry-After"))


def _seconds(text: str) -> int | None:
    """Returns what a Retry-After in seconds asks for, None for a date or anything else."""
    # str.isdigit lets digits through that int does not take, such as '²'.
    found = re.fullmatch(r"\s*([0-9]+)\s*", text)
    return min(int(found[1][:_MOST_DIGITS]), LONGEST_WAIT) if found else None
