"""Errors as RFC 9457 problem details, `application/problem+json`, for everything that fails."""

import logging
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from sqlalchemy import exc
from starlette.exceptions import HTTPException

from app.errors import DatabaseUnavailable, FiscalError, InvalidInput, TransientError

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER = 5  # s, where the error itself does not know better

logger = logging.getLogger(__name__)


class FieldError(BaseModel):
    """One value that is not acceptable."""

    field: str = Field(description="The field or parameter, `a.b` where it is nested.")
    message: str


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str = Field(description="`urn:fiscal:problem:` and the code.")
    title: str = Field(description="The meaning of the HTTP status.")
    status: int
    code: str = Field(description="What went wrong, in one stable word, e.g. `not_found`.")
    detail: str = Field(description="The same in a sentence.")
    errors: list[FieldError] = Field(default=[], description="The values that were refused.")


def problem(
    status: int,
    code: str,
    detail: str,
    errors: Sequence[FieldError] = (),
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    """Returns the response for one problem."""
    content = Problem(
        type=f"urn:fiscal:problem:{code}",
        title=HTTPStatus(status).phrase,
        status=status,
        code=code,
        detail=detail,
        errors=list(errors),
    )
    return JSONResponse(content.model_dump(), status, headers, media_type=MEDIA_TYPE)


def problem_of(error: FiscalError) -> JSONResponse:
    """Returns the response for one of the house's errors."""
    headers: dict[str, str] = {}
    if isinstance(error, TransientError):
        headers["Retry-After"] = str(error.retry_after or RETRY_AFTER)
    if error.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'ApiKey realm="fiscal"'
    errors = []
    if isinstance(error, InvalidInput) and error.field:
        errors = [FieldError(field=error.field, message=error.message)]
    return problem(error.status, error.code, error.message, errors, headers)


def show_problems(app: FastAPI) -> None:
    """Makes `app` answer every error with a problem."""
    app.add_exception_handler(FiscalError, _on_fiscal_error)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(HTTPException, _on_http_exception)
    for kind in (exc.OperationalError, exc.InterfaceError, exc.TimeoutError):
        app.add_exception_handler(kind, _on_database_error)


async def _on_fiscal_error(_: Request, error: Any) -> JSONResponse:
    if error.status == HTTPStatus.INTERNAL_SERVER_ERROR:
        logger.error("%s: %s", error.code, error.message)
    return problem_of(error)


async def _on_invalid_request(_: Request, error: Any) -> JSONResponse:
    # Location and message only: Pydantic's `input` would send a refused clave back.
    errors = [
        FieldError(field=_name(found["loc"]), message=found["msg"]) for found in error.errors()
    ]
    detail = "; ".join(f"{found.field}: {found.message}" for found in errors)
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_input", detail, errors)


def _name(location: Sequence[str | int]) -> str:
    """Returns 'rut' for ('body', 'rut'), and 'body' for a body that is no JSON at all."""
    inside = [part for part in location[1:] if isinstance(part, str)]
    return ".".join(inside) or str(location[0])


async def _on_http_exception(_: Request, error: Any) -> JSONResponse:
    status = HTTPStatus(error.status_code)
    if status == HTTPStatus.BAD_REQUEST:  # FastAPI's word for a body that it cannot decode
        return problem_of(InvalidInput("The body is no JSON in UTF-8.", "body"))
    code = status.phrase.lower().replace(" ", "_").replace("-", "_")
    return problem(status, code, status.description or status.phrase, headers=error.headers)


async def _on_database_error(_: Request, error: Any) -> JSONResponse:
    logger.warning("postgres: %s", type(error.__cause__ or error).__name__)
    return problem_of(DatabaseUnavailable())


def defect() -> JSONResponse:
    """Returns the response for an error that nobody expected; the log has its traceback."""
    return problem(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "internal_error",
        "Something went wrong on our side; the log has it under this answer's X-Request-ID.",
    )
