"""Is the process alive, and can it work?"""

from http import HTTPStatus
from typing import Any, Literal

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from app.api.answers import NOT_READY
from app.api.desk import PROBE_SECONDS, DeskOf
from app.api.problems import problem

router = APIRouter(prefix="/health", tags=["health"])


class Health(BaseModel):
    """All is well."""

    status: Literal["ok"] = "ok"


@router.get("/live", summary="The process answers")
async def live() -> Health:
    """Says nothing about Postgres and Redis: a restart would not repair those. Needs no key."""
    return Health()


@router.get(
    "/ready", summary="Postgres and Redis answer", response_model=Health, responses=NOT_READY
)
async def ready(desk: DeskOf) -> Any:
    """Answers within a second even where a store hangs. Needs no key."""
    answering = await desk.readiness.answering(PROBE_SECONDS)
    down = [name.capitalize() for name, answers in answering.items() if not answers]
    if down:
        return not_ready(down)
    return Health()


def not_ready(down: list[str]) -> JSONResponse:
    """Returns the answer that names the stores that are down."""
    verb = "does" if len(down) == 1 else "do"
    return problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "not_ready",
        f"{' and '.join(down)} {verb} not answer.",
        headers={"Retry-After": "5"},
    )
