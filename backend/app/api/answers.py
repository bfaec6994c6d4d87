"""What OpenAPI says about refusals: every status a route may answer with, with an example."""

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from pydantic.json_schema import models_json_schema

from app.api.problems import MEDIA_TYPE, FieldError, Problem
from app.api.schemas.calendar import TaxInfoView
from app.api.schemas.companies import CompanyView
from app.api.schemas.document_totals import DocumentTotalsView
from app.api.schemas.documents import DocumentView
from app.api.schemas.f29 import F29View
from app.api.schemas.fees import FeeView
from app.api.schemas.onboarding import OnboardingView
from app.api.schemas.runs import RunView

VIEWS = (
    *(CompanyView, DocumentTotalsView, DocumentView, F29View, FeeView),
    *(OnboardingView, RunView, TaxInfoView),
)

Answers = dict[int | str, dict[str, Any]]


def _answer(status: int, code: str, detail: str, field: str | None = None) -> dict[str, Any]:
    example = Problem(
        type=f"urn:fiscal:problem:{code}",
        title=HTTPStatus(status).phrase,
        status=status,
        code=code,
        detail=f"{field}: {detail}" if field else detail,
        errors=[FieldError(field=field, message=detail)] if field else [],
    )
    return {
        "description": detail,
        "content": {
            MEDIA_TYPE: {
                "schema": {"$ref": "#/components/schemas/Problem"},
                "example": example.model_dump(),
            }
        },
    }


UNAUTHENTICATED: Answers = {
    401: _answer(401, "unauthenticated", "The request carries no valid API key.")
}
DOWN: Answers = {503: _answer(503, "database_unavailable", "Postgres does not answer.")}
NOT_READY: Answers = {503: _answer(503, "not_ready", "Redis does not answer.")}


def invalid(field: str, message: str) -> Answers:
    """Returns the entry for a value that is refused."""
    return {422: _answer(422, "invalid_input", message, field)}


def not_found(what: str) -> Answers:
    """Returns the entry for something that does not exist."""
    return {404: _answer(404, "not_found", f"There is no {what}.")}


CONFLICT: Answers = {
    409: _answer(409, "already_exists", "There is a company with RUT 77123456-9 already.")
}


def describe(app: FastAPI) -> dict[str, Any]:
    """Returns the app's OpenAPI document, with the schema that the refusals refer to."""
    if app.openapi_schema is None:
        document = FastAPI.openapi(app)
        # The views again, because FastAPI drops every null of their examples.
        _, definitions = models_json_schema(
            [(model, "serialization") for model in (Problem, *VIEWS)],
            ref_template="#/components/schemas/{model}",
        )
        document["components"]["schemas"] |= definitions["$defs"]
        app.openapi_schema = document
    return app.openapi_schema
