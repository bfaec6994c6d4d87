"""Runs over the wire."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from app.api.schemas.fields import PeriodText
from app.infrastructure.db.models import Run

QueueName = Literal["high", "default", "low"]  # a test keeps it equal to topology.py
RunState = Literal[
    "queued", "running", "retrying", "succeeded", "failed", "revoked", "expired", "superseded"
]

EXAMPLE: dict[str, Any] = {
    "id": "0f4d2f8e-2f0b-4a44-8f6b-3f2b8a1f9a10",
    "root_id": "0f4d2f8e-2f0b-4a44-8f6b-3f2b8a1f9a10",
    "task": "sii.sync_documents",
    "queue": "low",
    "worker": "slow@3f2a9c1b7d5e",
    "company_id": "5f0c3a52-7f5e-4c1c-9a39-1f1f6f6a4c11",
    "state": "running",
    "attempts": 1,
    "progress": {"done": 3, "total": 8, "detail": "2026-10 sale"},
    "result": None,
    "error": None,
    "queued_at": "2026-11-23T14:05:00.120000Z",
    "started_at": "2026-11-23T14:05:00.340000Z",
    "finished_at": None,
}


class NewSync(BaseModel):
    """Which periods to sync."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{}, {"months": 3, "last_period": "2026-11"}]},
    )

    months: Annotated[int, Field(ge=1, le=12, description="How many periods.")] = 1
    last_period: PeriodText | None = Field(
        default=None, description="The newest of them; the current month in Chile where null."
    )


class RunProgress(BaseModel):
    """How far a run is."""

    done: int
    total: int
    detail: str = Field(description="What is being done, e.g. `2026-10 sale`.")


class RunError(BaseModel):
    """Why a run failed, or is going to be tried again."""

    code: str = Field(description="One stable word, e.g. `invalid_credentials`.")
    kind: Literal["transient", "permanent"] = Field(
        description="`transient` ones are retried by themselves, `permanent` ones need somebody."
    )
    message: str


class RunView(BaseModel):
    """One execution of a task. All times are UTC."""

    model_config = ConfigDict(title="Run", json_schema_extra={"examples": [EXAMPLE]})

    id: UUID
    root_id: UUID | None = Field(
        description="The run or onboarding that caused this one, or its own id."
    )
    task: str | None
    queue: str | None
    worker: str | None = Field(description="The worker that has it, as `name@host`.")
    company_id: UUID | None
    state: RunState
    attempts: int
    progress: RunProgress | None
    result: Any = Field(description="What the task returned; null until it succeeded.")
    error: RunError | None
    queued_at: AwareDatetime
    started_at: AwareDatetime | None
    finished_at: AwareDatetime | None

    @classmethod
    def of(cls, run: Run) -> "RunView":
        """Returns a row as the API shows it."""
        columns = {name: getattr(run, name) for name in cls.model_fields if name != "error"}
        return cls(**columns, error=error_of_run(run))


def error_of_run(run: Run) -> RunError | None:
    """Returns a run's error as the API shows it."""
    if run.error_code is None:
        return None
    return RunError.model_validate(
        {
            "code": run.error_code,
            "kind": run.error_kind or "permanent",
            "message": run.error_message or "",
        }
    )
